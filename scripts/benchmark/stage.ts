import { type RunningService, startService } from '../../test/support/running-service.ts';
import { createShim } from '../../test/support/shim.ts';
import { SOFTHSM_MODULE } from '../../test/support/softhsm.ts';
import { type Bao, startBao } from './bao.ts';
import { compileLoop } from './c-loop.ts';
import { warmUp } from './load-cells.ts';
import { type Party, partyOf, startPeer } from './parties.ts';
import { residentMiB } from './threads.ts';

export const ALGORITHMS = ['ES256', 'RS256', 'Ed25519'] as const;
export const SLOW_SIGNATURE_MS = 5;
/** As configured by default. */
export const SESSIONS = 4;
export const TOKENS = 2_000;

export interface Memory {
  readonly front: number;
  readonly signer: number;
}

/** All that is measured, running. */
export interface Stage {
  readonly service: RunningService;
  /** One service, a scope for each algorithm. */
  readonly keyward: Readonly<Record<(typeof ALGORITHMS)[number], Party>>;
  readonly peer: Party;
  /** Another service, over an HSM that takes its time; only if asked for. */
  readonly slow: Party | undefined;
  readonly bao: Bao | undefined;
  /** Path of the C loop. */
  readonly loop: string;
  /** MiB, before anything was asked. */
  readonly idle: Memory;
  /** MiB, now. */
  memory(): Memory;
  /** Once, however often it is called. */
  stop(): Promise<void>;
}

export async function setStage(withSlow: boolean, say: (step: string) => void): Promise<Stage> {
  const stops: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= inTurn(stops.toReversed());
    return stopping;
  };
  try {
    say('starting a service over SoftHSM');
    const service = await startService();
    stops.push(async () => {
      await service.stop();
      await service.remove();
    });
    const memory = () => ({
      front: residentMiB(service.process.pid ?? 0),
      signer: residentMiB(service.signerPid()),
    });
    const idle = memory();
    say('making keys');
    const scopeOf = (algorithm: string) => ({ id: algorithm.toLowerCase(), algorithm });
    const scopes = ALGORITHMS.map(async (algorithm) => {
      const scope = scopeOf(algorithm);
      const party = partyOf('Keyward', service, scope.id, await service.provision(scope));
      return [algorithm, party] as const;
    });
    const keyward = Object.fromEntries(await Promise.all(scopes)) as Stage['keyward'];
    say(`starting Express and jose${withSlow ? ', and a service over a slow HSM' : ''}`);
    const peer = await startPeer(scopeOf('ES256'), keyward.ES256);
    stops.push(peer.stop);
    const slow = withSlow ? await startSlow() : undefined;
    if (slow) stops.push(slow.stop);
    const bao = await startBao();
    if (bao) stops.push(bao.stop);
    else say('OpenBao is skipped: there is no bao on the PATH');
    say('warming up');
    for (const party of [keyward.ES256, peer]) await warmUp(party, TOKENS);
    return { service, keyward, peer, slow, bao, loop: await compileLoop(), idle, memory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function inTurn(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

async function startSlow(): Promise<Party> {
  const shim = await createShim({ realModule: SOFTHSM_MODULE });
  const service = await startService({ shim, hsm: { sessions: SESSIONS } });
  const party = partyOf('slow', service, 'slow', await service.provision({ id: 'slow' }));
  shim.control([`C_Sign delay ${SLOW_SIGNATURE_MS}`]);
  return {
    ...party,
    async stop() {
      await service.stop();
      await service.remove();
      shim.remove();
    },
  };
}
