import type { Logger } from 'pino';
import { createAccess } from '../access/create-access.ts';
import { Gate } from '../access/gate.ts';
import { HeldTrail } from '../audit/held-trail.ts';
import { RefusalCount } from '../audit/refusal-count.ts';
import type { SinkCheckpoint } from '../audit/refuse-restored.ts';
import type { Sinks } from '../audit/sinks.ts';
import type { Config } from '../config.ts';
import { createClockConfirmation } from '../confirm-clock.ts';
import type { Store } from '../db/open-store.ts';
import { VolatileProposals } from '../db/volatile-proposals.ts';
import type { Authenticator } from '../kernel/actor.ts';
import type { AnyAct } from '../domain/act-gate.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { StoredEvent } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { RequestObserver } from '../domain/request-observer.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { confirmClock } from '../server/acts/clock-acts.ts';
import { createHeldDataPlane, createHeldOperationsPlane, type Hold } from './held-planes.ts';
import { listen } from '../server/listener.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import type { ClockWatch } from '../clock/clock-watch.ts';

export interface HoldParts {
  readonly config: Config;
  readonly sinks: Sinks;
  /** With its registry open. */
  readonly store: Store;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly log: Logger;
  readonly auditKey: AuditPublicKey;
  readonly witnesses: readonly SinkCheckpoint[];
  /** Settles when the service is to end. */
  readonly stopping: Promise<unknown>;
}

/** What two persons decide about. */
export interface Decision {
  readonly hold: Hold;
  /** What only a sink holds of the trail: who was changed in it takes no part. */
  readonly unseen: readonly StoredEvent[];
  act(held: HeldAct): AnyAct | Promise<AnyAct>;
}

export interface HeldAct {
  /** What was recorded while the database was not written to; to be committed with the decision. */
  told(): readonly { readonly event: AuditEvent; readonly time: number }[];
  /** The decision is committed: from here on the database takes events. */
  done(): void;
}

/**
 * Both planes, but only for one decision: everything else is answered with its code. Nothing is written to the
 * database before it is made.
 */
export async function holdUntilDecided(
  parts: HoldParts,
  decision: Decision,
): Promise<'accepted' | 'stopped'> {
  const { config, sinks, store, clock, clockWatch, log, stopping } = parts;
  const { data_plane, operations_plane, limits, two_persons } = config;
  const { hold } = decision;
  const access = await createAccess(store.access, clock, () => false);
  const suspects = changedOperators(decision.unseen);
  const trail = new HeldTrail(sinks, clock);
  const refusals = new RefusalCount();
  const callers: RequestObserver = {
    authenticated: () => {},
    rejectedSecret: () => {},
    refused: (request) => refusals.refused(request),
  };
  const accepted = Promise.withResolvers<'accepted'>();
  const act = await decision.act({
    told: () => [...trail.told, ...refusals.take().map((event) => ({ event, time: clock.nowSeconds() }))],
    done() {
      trail.goOnWith(store.audit);
      accepted.resolve('accepted');
    },
  });
  const confirmation = createClockConfirmation({
    watch: clockWatch,
    // The trail asks the sinks itself.
    sinks: { confirm: async () => {} },
    audit: trail,
    clock,
    // Nothing is signed over a database that is not accepted.
    seal: async () => {},
  });
  const gate = new Gate({
    acts: [act, confirmClock({ confirmation })],
    operators: () => access.operators.list().filter(({ id }) => !suspects.has(id)),
    // Those of the database are over with the decision, or open again.
    proposals: { durable: new VolatileProposals(trail), volatile: new VolatileProposals(trail) },
    clock,
    timeGuard: clockWatch,
    twoPersons: two_persons,
    lifetimeSeconds: config.proposals.lifetime_seconds,
    maxOpen: config.proposals.max_open,
    maxOpenOfOne: config.proposals.max_open_per_operator,
  });
  const shared = { limits, log, metrics: createMetrics(), callers, hold };
  const hooks = { problem: () => {} };
  const planes = [await listen(createHeldDataPlane({ ...shared, listener: data_plane }), data_plane, hooks)];
  try {
    const authenticator = butFor(suspects, access.authenticator);
    const operations = { ...shared, listener: operations_plane, authenticator, gate };
    planes.push(await listen(createHeldOperationsPlane(operations), operations_plane, hooks));
    tell(
      log,
      planes.map(({ port }) => port),
      config,
    );
    return await Promise.race([accepted.promise, stopping.then(() => 'stopped' as const)]);
  } finally {
    await Promise.all(planes.map((plane) => plane.drain(limits.drain_seconds)));
  }
}

function tell(log: Logger, [data, operations]: number[], { data_plane, operations_plane }: Config) {
  log.warn({ host: data_plane.host, port: data, held: true }, 'data plane listens');
  log.warn({ host: operations_plane.host, port: operations, held: true }, 'operations plane listens');
}

/** Operators who were revoked, or got other roles or another credential, in the stretch that the copy does not know. */
function changedOperators(events: readonly StoredEvent[]): ReadonlySet<string> {
  const changes = events.filter(({ type }) => type.startsWith('operator.'));
  return new Set(changes.map(({ subject }) => subject.slice('operator:'.length)));
}

function butFor(suspects: ReadonlySet<string>, authenticator: Authenticator): Authenticator {
  return {
    ...authenticator,
    operator(authorization) {
      const found = authenticator.operator(authorization);
      if (!suspects.has(found.id)) return found;
      throw new KeywardError('credential_invalid', 'this operator was changed after the copy was made');
    },
  };
}
