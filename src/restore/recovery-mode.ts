import type { Logger } from 'pino';
import { Gate } from '../access/gate.ts';
import { createAccess, createAccessStore, VolatileProposals } from '../access/index.ts';
import { createClockConfirmation } from '../audit/clock.ts';
import { BufferedTrail } from '../audit/find-unwitnessed.ts';
import type { MissingRange } from '../audit/missing-range.ts';
import { RefusalCount } from '../audit/refusal-count.ts';
import type { SinkCheckpoint } from '../audit/refuse-rollback.ts';
import type { Sinks } from '../audit/sinks.ts';
import type { ClockWatch } from '../clock/clock-watch.ts';
import { confirmClock } from '../clock/routes.ts';
import type { Config } from '../config.ts';
import type { AcknowledgedEnd } from '../db/mark-file.ts';
import type { Store } from '../db/open-store.ts';
import type { RequestObserver } from '../kernel/activity.ts';
import type { Authenticator } from '../kernel/actor.ts';
import type { AnyAct } from '../kernel/acts.ts';
import type { AuditEvent, AuditLog, AuditTrail, StoredEvent } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { isBroadened } from '../kernel/record-gap.ts';
import { REVOCATION_ADDED } from '../kernel/revocation.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { listen } from '../server/listener.ts';
import type { PassedSockets } from '../server/passed-sockets.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { acceptRestore } from './accept-loss.ts';
import type { PendingRestore, RecordGapStore } from './record-gaps.ts';

import {
  createRecoveryDataPlane,
  createRecoveryOperationsPlane,
  type RecoveryReason,
} from './recovery-planes.ts';

interface RecoveryDeps {
  readonly config: Config;
  readonly sinks: Sinks;
  /** With its registry open. */
  readonly store: Pick<Store, 'changes'>;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly log: Logger;
  readonly auditKey: AuditPublicKey;
  readonly sinkCheckpoints: readonly SinkCheckpoint[];
  /** Settles when the service is to end. */
  readonly stopping: Promise<unknown>;
  readonly passed: PassedSockets;
}

/** What two persons decide about. */
interface Decision {
  readonly recovery: RecoveryReason;
  /** What only a sink holds of the trail: who was changed in it takes no part. */
  readonly unseen: readonly StoredEvent[];
  act(held: RecoveryAct): AnyAct | Promise<AnyAct>;
}

export interface RecoveryAct {
  /** What was recorded while the database was not written to; to be committed with the decision. */
  recordedEvents(): readonly { readonly event: AuditEvent; readonly time: number }[];
  /** The decision is committed: from here on the database takes events. */
  done(): void;
}

/**
 * Both planes, but only for one decision: everything else is answered with its code. Nothing is written to the
 * database before it is made.
 */
export async function waitForDecision(
  deps: RecoveryDeps,
  decision: Decision,
): Promise<'accepted' | 'stopped'> {
  const { config, sinks, store, audit, clock, clockWatch, log, stopping, passed } = deps;
  const { data_plane, operations_plane, limits, two_persons } = config;
  const { recovery } = decision;
  const access = createAccess(createAccessStore(store.changes), clock, () => false);
  const suspects = changedOperators(decision.unseen);
  const trail = new BufferedTrail(sinks, clock);
  const refusals = new RefusalCount();
  const callers: RequestObserver = {
    authenticated: () => {},
    rejectedSecret: () => {},
    refused: (request) => refusals.refused(request),
  };
  const accepted = Promise.withResolvers<'accepted'>();
  const act = await decision.act({
    recordedEvents: () => [
      ...trail.told,
      ...refusals.take().map((event) => ({ event, time: clock.nowSeconds() })),
    ],
    done() {
      trail.goOnWith(audit);
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
  const shared = { limits, log, metrics: createMetrics(), callers, recovery };
  const hooks = { problem: () => {} };
  const planes = [
    await listen(createRecoveryDataPlane({ ...shared, listener: data_plane }), data_plane, hooks, {
      descriptor: passed.data,
    }),
  ];
  try {
    const authenticator = butFor(suspects, access.authenticator);
    const operations = { ...shared, listener: operations_plane, authenticator, gate };
    const descriptor = passed.operations;
    planes.push(
      await listen(createRecoveryOperationsPlane(operations), operations_plane, hooks, { descriptor }),
    );
    logAddresses(
      log,
      planes.map(({ port }) => port),
      config,
    );
    const outcome = await Promise.race([accepted.promise, stopping.then(() => 'stopped' as const)]);
    if (outcome === 'stopped' || Object.keys(passed).length === 0) return outcome;
    // Whoever closes a socket that was passed has none to listen on again.
    log.warn('the service ends, so that its next start gets the sockets of the service manager anew');
    return 'stopped';
  } finally {
    await Promise.all(planes.map((plane) => plane.drain(limits.drain_seconds)));
  }
}

function logAddresses(log: Logger, [data, operations]: number[], { data_plane, operations_plane }: Config) {
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

interface RecoveryModeDeps extends RecoveryDeps {
  readonly audit: AuditLog;
  readonly recordGaps: RecordGapStore;
  readonly missingRange: MissingRange;
  /** The last group that this host knows to be acknowledged. */
  readonly acknowledged: AcknowledgedEnd | undefined;
  /** First `iat` of tokens whose records may be lost. */
  readonly issuedFrom: number;
}

/** Holds the service until two persons accept what a database lacks that was put back from an older copy. */
export function waitForAcceptance(deps: RecoveryModeDeps): Promise<'accepted' | 'stopped'> {
  return waitForDecision(deps, {
    recovery: {
      code: 'database_restored',
      check: 'database',
      why: 'the database is an older copy; nothing is issued or verified until two operators accept what is lost',
    },
    unseen: deps.missingRange.events,
    act: async (held) => acceptRestore({ held: await openHeldRestore(deps, held) }),
  });
}

async function openHeldRestore(
  { audit, recordGaps, clock, missingRange, acknowledged, issuedFrom }: RecoveryModeDeps,
  held: RecoveryAct,
): Promise<PendingRestore> {
  const { from, events, checkpoints, sealed } = missingRange;
  const seen = [...events.slice(-1), ...checkpoints.slice(-1), ...(sealed ? [sealed] : [])];
  const lastSeen = Math.max(acknowledged?.at ?? 0, ...seen.map(({ time }) => time));
  const { ledger } = await audit.heads();
  const lastEvent = from.audit.sequence + events.length;
  const lost = Object.fromEntries(
    [...Map.groupBy(events, ({ type }) => type)].map(([type, of]) => [type, of.length]),
  );
  const broadened = events.filter((event) => event.type === REVOCATION_ADDED && isBroadened(event)).length;
  return {
    describe: () => ({
      before: {
        last_event: from.audit.sequence,
        last_checkpoint: from.checkpoint,
        last_group: ledger.sequence,
      },
      after: {
        last_event: lastEvent,
        last_checkpoint: sealed?.number ?? from.checkpoint + checkpoints.length,
        events_lost: Math.max(0, (sealed?.auditSequence ?? 0) - lastEvent),
        last_group: Math.max(ledger.sequence, acknowledged?.sequence ?? 0),
        records_lost_from: issuedFrom,
        last_seen_at: lastSeen,
        taken_over: lost,
        revocations_made_broader: broadened,
      },
    }),
    async accept(reason, actor) {
      const now = clock.nowSeconds();
      const issuedUntil = Math.max(now, lastSeen);
      const gap = await recordGaps.accept({
        ...missingRange,
        reason,
        actor,
        issuedFrom,
        issuedUntil,
        recordedEvents: held.recordedEvents(),
        now,
      });
      held.done();
      return gap;
    },
  };
}
