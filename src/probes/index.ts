import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import type { ClientAdministration, Grants } from '../kernel/actor.ts';
import type { Clock } from '../kernel/clock.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { Leadership } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { Tracer } from '../kernel/trace.ts';
import { authoritiesOf } from '../lib/certificates.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { supplied } from '../server/route.ts';
import { createProbeAdministration } from './administer.ts';
import { ProbeRounds } from './rounds.ts';
import { adminProbeRoutes } from './routes.ts';
import { removeProbe, setProbe } from './routes-acts.ts';
import { createSendProbe } from './send.ts';
import { createVerifierProbes } from './store.ts';
import { createProbeGrants, createProbeTokens, unsentProbes } from './tokens.ts';

export const PROBE_ROUTES = { operations: adminProbeRoutes } as const;

const EVERY_MS = 1_000;

interface ProbeRootDeps {
  readonly config: Pick<Config, 'probes' | 'mode'>;
  readonly store: Pick<Store, 'changes'>;
  readonly keyRing: KeyRing;
  readonly grants: Grants;
  readonly clients: ClientAdministration;
  /** The issuer of all tokens, asked with other grants: ledger, checks and time guard are the same. */
  readonly issuerWith: (grants: Grants) => TokenIssuer;
  readonly events: EventRaiser;
  readonly tracer?: Tracer | undefined;
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly log: Logger;
}

/** Probing of verifiers: what is due is looked for each second, beside everything else. */
export function openProbes(deps: ProbeRootDeps) {
  const { config, keyRing, grants, clients, issuerWith, events, tracer, clock, log } = deps;
  const { every_seconds, token_ttl_seconds, deadline_ms, concurrency, max, unanswered_rounds, ca_file } =
    config.probes;
  const store = createVerifierProbes(deps.store.changes);
  const ca = ca_file === undefined ? undefined : authoritiesOf(ca_file);
  // Also now: a start says what is wrong with it.
  ca?.();
  const rules = { loopback: config.mode === 'development' };
  const end = new AbortController();
  const rounds = new ProbeRounds({
    probes: () => store.all(),
    mayVerify: ({ clientId, scopeId }) => grants.allows(clientId, scopeId, 'verify'),
    makeTokens: createProbeTokens({
      issuer: issuerWith(createProbeGrants({ probes: () => store.all(), keyRing })),
      keyRing,
      ttlSeconds: token_ttl_seconds,
    }),
    unsent: (scopeId) => unsentProbes(keyRing, scopeId),
    send: createSendProbe({
      ...rules,
      tracer,
      deadlineMs: deadline_ms,
      ended: end.signal,
      ca,
    }),
    events,
    clock,
    leadership: deps.leadership,
    everySeconds: every_seconds,
    concurrency,
    unansweredRounds: unanswered_rounds,
    ended: end.signal,
  });
  const probes = createProbeAdministration({ store, rounds, rules, most: max, clock });
  return {
    routes: { operations: supplied(PROBE_ROUTES.operations, { probes }) },
    acts: [setProbe({ clients, keyRing, probes }), removeProbe({ clients, keyRing, probes })],
    start() {
      const task = startPeriodicTask({
        tick: () => rounds.tick(),
        everyMs: EVERY_MS,
        log,
        failure: 'verifiers could not be probed; it is tried again',
      });
      return {
        stop() {
          end.abort();
          return task.stop();
        },
      };
    },
  };
}
