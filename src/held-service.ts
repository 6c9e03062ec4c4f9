import type { Logger } from 'pino';
import { createAccess } from './access/create-access.ts';
import { Gate } from './access/gate.ts';
import { HeldTrail } from './audit/held-trail.ts';
import type { LostStretch } from './audit/lost-stretch.ts';
import { RefusalCount } from './audit/refusal-count.ts';
import type { Witness } from './audit/refuse-restored.ts';
import { newestTime } from './audit-witnesses.ts';
import type { Authenticator } from './domain/access.ts';
import type { StoredEvent } from './domain/audit-sink.ts';
import type { CallerWatch } from './domain/caller-watch.ts';
import { KeywardError } from './domain/errors.ts';
import { isBroadened } from './domain/lost-revocations.ts';
import type { HeldRestore } from './domain/record-gap.ts';
import { acceptRestore } from './http/acts/restore-acts.ts';
import { createHeldDataPlane, createHeldOperationsPlane } from './http/held-planes.ts';
import { listen } from './http/server.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { RestoredDatabaseParts } from './restored-database.ts';
import { VolatileProposals } from './store/volatile-proposals.ts';
import type { AuditPublicKey } from './token/checkpoint.ts';
import { watchClock } from './watch-clock.ts';

export interface HeldServiceParts extends RestoredDatabaseParts {
  readonly auditKey: AuditPublicKey;
  readonly witnesses: readonly Witness[];
  readonly stretch: LostStretch;
}

/** A token is recorded at most so long after it was dated. */
const RECORDED_WITHIN_SECONDS = 60;

/**
 * Both planes, but only for the decision: everything else is answered with `database_restored`. Nothing is written
 * to the database before it is accepted.
 */
export async function holdUntilAccepted(parts: HeldServiceParts): Promise<'accepted' | 'stopped'> {
  const { config, sinks, store, clock, log, stretch, stopping } = parts;
  const { data_plane, operations_plane, limits, two_persons } = config;
  const access = await createAccess(store.access, clock, () => false);
  const suspects = changedOperators(stretch.events);
  const trail = new HeldTrail(sinks, clock);
  const refusals = new RefusalCount();
  const callers: CallerWatch = {
    authenticated: () => {},
    shown: () => {},
    refused: (request) => refusals.refused(request),
  };
  const latest = await store.audit.lastCheckpoint();
  const timeGuard = watchClock({
    lastCheckpointTime: await newestTime(parts.witnesses, latest?.time, parts.auditKey),
    onJump: (jump) => log.fatal({ event: 'clock.jump', ...jump }, 'the clock jumped'),
    onSteady: () => log.warn('the clock is right again'),
  });
  const accepted = Promise.withResolvers<'accepted'>();
  const held = await openHeldRestore(parts, trail, refusals, () => accepted.resolve('accepted'));
  const gate = new Gate({
    acts: [acceptRestore({ held })],
    operators: () => access.operators.list().filter(({ id }) => !suspects.has(id)),
    // Those of the copy are over with the acceptance.
    proposals: { durable: new VolatileProposals(trail), volatile: new VolatileProposals(trail) },
    clock,
    timeGuard,
    twoPersons: two_persons,
    lifetimeSeconds: config.proposals.lifetime_seconds,
    maxOpen: config.proposals.max_open,
  });
  const shared = { limits, log, metrics: createMetrics(), callers };
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

function tell(
  log: Logger,
  [data, operations]: number[],
  { data_plane, operations_plane }: HeldServiceParts['config'],
) {
  log.warn({ host: data_plane.host, port: data, held: true }, 'data plane listens');
  log.warn({ host: operations_plane.host, port: operations, held: true }, 'operations plane listens');
}

async function openHeldRestore(
  { store, clock, stretch }: HeldServiceParts,
  trail: HeldTrail,
  refusals: RefusalCount,
  done: () => void,
): Promise<HeldRestore> {
  const { from, events, checkpoints } = stretch;
  const issuedFrom = (await store.recordGaps.newestTime()) - RECORDED_WITHIN_SECONDS;
  const lastSeen = Math.max(events.at(-1)?.time ?? 0, checkpoints.at(-1)?.time ?? 0);
  const lost = Object.fromEntries(
    [...Map.groupBy(events, ({ type }) => type)].map(([type, of]) => [type, of.length]),
  );
  const broadened = events.filter((event) => event.type === 'revocation.added' && isBroadened(event)).length;
  return {
    describe: () => ({
      before: { last_event: from.audit.sequence, last_checkpoint: from.checkpoint },
      after: {
        last_event: from.audit.sequence + events.length,
        last_checkpoint: from.checkpoint + checkpoints.length,
        records_lost_from: issuedFrom,
        last_seen_at: lastSeen,
        taken_over: lost,
        revocations_made_broader: broadened,
      },
    }),
    async accept(reason, actor) {
      const now = clock.nowSeconds();
      const told = [...trail.told, ...refusals.take().map((event) => ({ event, time: now }))];
      const issuedUntil = Math.max(now, lastSeen);
      const gap = await store.recordGaps.accept({
        ...stretch,
        reason,
        actor,
        issuedFrom,
        issuedUntil,
        told,
        now,
      });
      trail.goOnWith(store.audit);
      done();
      return gap;
    },
  };
}

/** Whoever was revoked, or got other roles or another credential, in the stretch that the copy does not know. */
function changedOperators(events: readonly StoredEvent[]): ReadonlySet<string> {
  const changes = events.filter(({ type }) => type.startsWith('operator.'));
  return new Set(changes.map(({ subject }) => subject.slice('operator:'.length)));
}

function butFor(suspects: ReadonlySet<string>, { client, operator }: Authenticator): Authenticator {
  return {
    client,
    operator(authorization) {
      const found = operator(authorization);
      if (!suspects.has(found.id)) return found;
      throw new KeywardError('credential_invalid', 'this operator was changed after the copy was made');
    },
  };
}
