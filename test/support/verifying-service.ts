import type { RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/kernel/clock.ts';
import type { WatchedKeyRing } from '../../src/kernel/key.ts';
import type { Revocation } from '../../src/kernel/revocation.ts';
import { Emitter } from '../../src/lib/emitter.ts';
import { createPublication } from '../../src/publication/publication.ts';
import { createScopeEvents } from '../../src/publication/scope-events.ts';
import { createVerifierDirectory } from '../../src/publication/verifier-directory.ts';
import { EventStreams } from '../../src/server/event-streams.ts';
import { type Listener, listen } from '../../src/server/listener.ts';
import { judgingVerifier } from './judging-verifier.ts';
import { createDataPlane, type DataPlaneDeps, dataPlaneDeps, LIMITS } from './planes.ts';
import { type SoftwareKey, softwareKey } from './software-keys.ts';

/** The data plane as verifiers meet it, over keys in memory: what stands behind it is the test's. */
export interface VerifyingService {
  readonly url: string;
  readonly registry: SoftwareKey;
  readonly rules: Revocation[];
  readonly revoked: Emitter<Revocation>;
  readonly deps: DataPlaneDeps;
  /** How often each `METHOD path` was asked for. */
  asked(request: string): number;
  /** Set to have it answer instead of the data plane; undefined to have the data plane back. */
  instead: RequestListener | undefined;
  /** Ends every connection, and refuses new ones, until `back`. */
  away(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
}

/** What the fake authenticator takes for a client with the grant `verify`. */
export const VERIFIES = 'verifies';
export const SIGNS = 'signs';

/** Serves for as long as the test runs. */
export async function verifyingService(
  ...given: Parameters<typeof startVerifyingService>
): Promise<VerifyingService> {
  const service = await startVerifyingService(...given);
  onTestFinished(() => service.close());
  return service;
}

export async function startVerifyingService(
  keyRing: WatchedKeyRing,
  clock: Clock,
  changes: Partial<DataPlaneDeps> = {},
): Promise<VerifyingService> {
  const registry = softwareKey('ES256');
  const rules: Revocation[] = [];
  const revoked = new Emitter<Revocation>();
  const registryKey = {
    kid: registry.kid,
    sign: async (input: string) => `${input}.${registry.sign(input).toString('base64url')}`,
  };
  const eventStreams = new EventStreams({ ...LIMITS, event_streams: 64, event_streams_per_client: 64 });
  const deps = dataPlaneDeps({
    keyRing,
    eventStreams,
    grants: { allows: () => true },
    verifier: judgingVerifier({ keyRing, clock }),
    verifiers: createVerifierDirectory({ keyRing, clock }),
    publication: createPublication({ keyRing, clock, registryKey, publicUrl: 'https://keys.example' }),
    scopeEvents: createScopeEvents({
      keyRing,
      clock,
      revocations: {
        added: revoked,
        concerning: (scopeId) => rules.filter((rule) => rule.scopeId === null || rule.scopeId === scopeId),
      },
    }),
    ...changes,
  });
  const app = createDataPlane(deps, []);
  const counts = new Map<string, number>();
  let listener: Listener;
  const start = async (port: number) => {
    const hooks = { problem: () => {} };
    listener = await listen(
      (request, response) => {
        const name = `${request.method} ${(request.url ?? '').split('?')[0]}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
        (service.instead ?? app)(request, response);
      },
      { host: '127.0.0.1', port },
      hooks,
    );
    return listener.port;
  };
  const service: Omit<VerifyingService, 'url'> = {
    registry,
    rules,
    revoked,
    deps,
    asked: (request) => counts.get(request) ?? 0,
    instead: undefined,
    away: () => listener.close(),
    back: async () => void (await start(port)),
    async close() {
      deps.eventStreams.end();
      await listener.close();
    },
  };
  const port = await start(0);
  return Object.assign(service, { url: `http://127.0.0.1:${port}` });
}
