import type {
  KeyReference,
  KeySpecification,
  KeyTrial,
  ModuleReport,
  TokenInspection,
  TokenSigner,
} from '../kernel/signer.ts';
import { Child } from './link/child.ts';
import { forkProcess } from './link/fork-process.ts';
import type { LinkState, SignerLinkOptions } from './link/options.ts';
import { remoteProcess } from './link/remote-process.ts';
import { SignQueue } from './link/sign-queue.ts';
import { Supervisor } from './link/supervisor.ts';
import { systemTimers } from './link/timers.ts';

export type { LinkState, SignerEvent, SignerLinkOptions } from './link/options.ts';
export { LINK_STATES } from './link/options.ts';

/** The front's side of one signer: the port over a process that may die, hang or go blind. */
export interface SignerLink extends TokenSigner {
  /**
   * Settles once the process serves or, if the HSM is away, once the first attempt failed: attempts go on.
   * Also how an operator tries again after a latch.
   */
  start(): Promise<void>;
  /** Refuses what waits with `shutting_down` and ends the process. */
  stop(): Promise<void>;
  /** By a process of its own, which logs in once more. `hsm_unavailable` while the signer is being replaced. */
  inspect(keys: readonly KeyReference[]): Promise<TokenInspection>;
  /** Makes a key pair of that kind, has it proven and destroys it. */
  tryKey(kind: Pick<KeySpecification, 'algorithm' | 'modulusBits'>): Promise<KeyTrial>;
  /** What module and token say of themselves. */
  report(): Promise<ModuleReport>;
  state(): LinkState;
  /** Signatures asked for and not yet answered. */
  queued(): number;
}

/** A replacement takes 0.1 to 0.5 s and is worth waiting for; an HSM that is away is not. */
const REPLACEMENT_WAIT_MS = 1_000;
const BACKOFF_MS = { first: 50, max: 1_000 };
/** What each process of the signer runs. */
export const PROCESS_FILE = new URL('./process.ts', import.meta.url);

/**
 * While a process is being replaced, signatures wait for the next one, one second at most; those that were
 * under way are asked for once more. Once an attempt to open the HSM has failed, calls get `hsm_unavailable`
 * at once, so that nothing piles up behind an outage.
 */
export function createSignerLink(options: SignerLinkOptions): SignerLink {
  const { settingsFile, hsmToken, opening, permits, deadlines, onEvent } = options;
  const { timers = systemTimers, backoff = BACKOFF_MS, random = Math.random } = options;
  const { signMs } = deadlines;
  const start = options.remote
    ? remoteProcess({ ...options.remote, hsmToken })
    : forkProcess({
        processFile: options.processFile ?? PROCESS_FILE,
        argv: [
          settingsFile,
          hsmToken,
          JSON.stringify(options.variables ?? {}),
          ...(options.newKeys ? ['--new-keys'] : []),
        ],
        environment: options.environment,
      });
  const fork = (sessions: number) =>
    new Child({
      start,
      sessions,
      deadlines,
      timers,
      // By its members: a line that a signer wrote is no other event.
      onLog: ({ log, message, details }) => onEvent({ type: 'log', log, message, details }),
    });
  const queue = new SignQueue({
    limit: options.queueLimit,
    signMs,
    timers,
    onRemedy: (child, failure) => supervisor.heed(child, failure),
  });
  const supervisor = new Supervisor({
    opening,
    permits,
    signMs,
    backoff,
    random,
    timers,
    onEvent,
    fork,
    queue,
  });
  return {
    sign(request) {
      const refusal = supervisor.refusal();
      if (refusal) return Promise.reject(refusal);
      const waitMs = supervisor.state === 'ready' ? signMs : Math.min(signMs, REPLACEMENT_WAIT_MS);
      return queue.add(request, waitMs);
    },
    generate: (specification) => supervisor.call('generate', plain(specification)),
    serve: (keys) => supervisor.serve(keys.map(asReference)),
    serveAlso: (keys) => supervisor.serveAlso(keys.map(asReference)),
    release: (hsmIds) => supervisor.release(hsmIds),
    prove: (key, nonce) => supervisor.call('prove', { key: asReference(key), nonce }),
    inventory: () => supervisor.call('inventory', null),
    discard: async ({ hsmId }) => void (await supervisor.call('discard', { hsmId })),
    destroy: async ({ hsmId, kid, bindingRecord }) =>
      void (await supervisor.call('destroy', { hsmId, kid, bindingRecord })),
    sealed: ({ checkpoint, head }) => supervisor.call('sealed', { checkpoint, head }),
    describe: () => supervisor.call('describe', null),
    tryKey: ({ algorithm, modulusBits }) => supervisor.call('trial', { algorithm, modulusBits }),
    report: () => supervisor.call('report', null),
    inspect: (keys) => supervisor.inspect(keys.map(asReference)),
    start: () => supervisor.start(),
    stop: () => supervisor.stop(),
    state: () => supervisor.state,
    queued: () => queue.size,
  };
}

function asReference({ kid, hsmId, bindingRecord }: KeyReference): KeyReference {
  return { kid, hsmId, bindingRecord };
}

/** Only what the protocol names crosses to the child: a wider object may hold what cannot be cloned. */
function plain({ hsmId, label, algorithm, modulusBits }: KeySpecification): KeySpecification {
  return { hsmId, label, algorithm, modulusBits };
}
