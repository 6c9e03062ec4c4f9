import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type RunningService,
  type ServiceOptions,
  startService,
} from '../../test/support/running-service.ts';
import { startSyncedPostgres } from './synced-postgres.ts';

/** A server that issues tokens and verifies them, and that others are compared with. */
export interface Party {
  readonly name: string;
  readonly issue: { readonly url: string; readonly credential: string };
  readonly verify: { readonly url: string; readonly credential: string };
  /** Whose tokens it verifies, if not its own. */
  readonly issuer?: Party;
  /** By name their ids, as they are now. */
  processes(): Readonly<Record<string, number>>;
  /** By how many milliseconds the event loop was late, p99 since it was last asked; only where it says so. */
  loopDelayMs?: (() => Promise<number>) | undefined;
  stop(): Promise<void>;
}

export interface Scope {
  readonly id: string;
  readonly algorithm: string;
}

const PEER = fileURLToPath(new URL('./peer-server.ts', import.meta.url));
const ISSUER = 'https://login.example';
const audienceOf = ({ id }: Scope) => `https://${id}.example`;

/** A service of that checkout over its own SoftHSM token, with one scope. */
export async function startKeyward(name: string, checkout: string, scope: Scope): Promise<Party> {
  const module = pathToFileURL(resolve(checkout, 'test/support/running-service.ts')).href;
  const { startService } = (await import(module)) as {
    startService(options?: ServiceOptions): Promise<RunningService>;
  };
  const service = await startService();
  return partyOf(name, service, scope.id, await service.provision({ ...scope }));
}

/** This checkout's on PostgreSQL. */
export async function startKeywardOnPostgres(name: string, scope: Scope): Promise<Party> {
  const postgres = await startSyncedPostgres();
  const service = await startService({ config: await postgres.configOf('keyward') });
  const party = partyOf(name, service, scope.id, await service.provision({ ...scope }));
  return {
    ...party,
    async stop() {
      await party.stop();
      await postgres.stop();
    },
  };
}

export function partyOf(
  name: string,
  service: RunningService,
  id: string,
  credentials: { readonly sign: string; readonly verify: string },
): Party {
  const url = `${service.dataUrl}/v1/scopes/${id}`;
  return {
    name,
    issue: { url: `${url}/tokens`, credential: credentials.sign },
    verify: { url: `${url}/verify`, credential: credentials.verify },
    processes: () => ({ front: service.process.pid ?? 0, signer: service.signerPid() }),
    loopDelayMs: async () => loopDelayOf(await (await fetch(`${service.operationsUrl}/metrics`)).text()),
    async stop() {
      await service.stop();
      await service.remove();
    },
  };
}

/** The monitor counts its own interval of 10 ms. */
function loopDelayOf(metrics: string): number {
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics) ?? [];
  return Math.max(0, 1_000 * Number(seconds) - 10);
}

/** Express and jose, with the key set of that scope to verify with. */
export async function startPeer(scope: Scope, keyward: Party): Promise<Party> {
  const credential = randomBytes(24).toString('base64url');
  const keySet = new URL(`/scopes/${scope.id}/jwks.json`, keyward.verify.url).href;
  const argv = [PEER, scope.algorithm, ISSUER, audienceOf(scope), keySet];
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin?.end(credential);
  const [line] = (await once(child.stdout as Readable, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${Number(String(line))}`;
  return {
    name: 'Express + jose',
    issuer: keyward,
    issue: { url: `${url}/tokens`, credential },
    verify: { url: `${url}/verify`, credential },
    processes: () => ({ peer: child.pid ?? 0 }),
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
