import { randomBytes } from 'node:crypto';
import { type SqlBool, sql } from 'kysely';
import { appendAuditEvent, nextSequence } from '../../db/append-audit-event.ts';
import { memoryOf } from '../../db/chain-end.ts';
import type { Trx, TrxReader, TrxWriter } from '../../db/schema.ts';
import { isWitnessed } from '../../db/unwitnessed.ts';
import { KEYWARD } from '../../kernel/actor.ts';
import { actOf } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import {
  EVIDENCE_SALT_BYTES,
  evidenceCommitment,
  SECURITY_EVENT_RAISED,
  securityEventDetails,
} from '../../kernel/event-chain.ts';
import type { Severity } from '../../kernel/security-event-types.ts';
import type {
  EventChange,
  EventService,
  EventState,
  PastChange,
  SecurityEventFeed,
  SecurityEventReport,
  SecurityEvents,
  TrackedEvent,
  UnresolvedCounts,
} from '../../kernel/security-events.ts';
import { Emitter } from '../../lib/emitter.ts';
import { appendStep, type RequestedStep, requireEvent } from './event-steps.ts';
import { fitting, fromRow, hasStepAuditRecord, trackedEvents } from './tracked-events.ts';

async function changesAfter(trx: Trx, place: number, limit: number): Promise<PastChange[]> {
  const rows = await changes(trx, place).orderBy('place').limit(limit).execute();
  const sequences = [...new Set(rows.map(({ event_sequence }) => event_sequence))];
  const found = await trackedEvents(trx).where('event.sequence', 'in', sequences).execute();
  const events = new Map(found.map((row) => [row.sequence, fromRow(row)]));
  return rows.flatMap(({ place, became, event_sequence }) => {
    const event = events.get(event_sequence);
    return event ? [{ place, became, event }] : [];
  });
}

function changes(trx: Trx, place: number) {
  const raised = trx
    .selectFrom('security_events')
    .select((eb) => [
      'audit_sequence as place',
      'sequence as event_sequence',
      eb.val<EventState>('open').as('became'),
    ])
    .where('audit_sequence', '>', place);
  const stepped = trx
    .selectFrom('security_event_steps')
    .select(['audit_sequence as place', 'event_sequence', 'state as became'])
    .where('audit_sequence', '>', place)
    .where(hasStepAuditRecord(trx, 'security_event_steps'));
  return raised.unionAll(stepped.$castTo<{ place: number; event_sequence: number; became: EventState }>());
}

async function lastPlace(trx: Trx): Promise<number> {
  const last = await trx
    .selectFrom([raisedLast(trx).as('raised'), steppedLast(trx).as('stepped')])
    .select(['raised.last as raised', 'stepped.last as stepped'])
    .executeTakeFirst();
  return Math.max(last?.raised ?? 0, last?.stepped ?? 0);
}

const raisedLast = (trx: Trx) =>
  trx.selectFrom('security_events').select((eb) => eb.fn.max<number | null>('audit_sequence').as('last'));
const steppedLast = (trx: Trx) =>
  trx
    .selectFrom('security_event_steps')
    .select((eb) => eb.fn.max<number | null>('audit_sequence').as('last'));

type ListOf = Parameters<EventService['list']>;

async function newestFirst(
  trx: Trx,
  query: ListOf[0],
  { before = Number.MAX_SAFE_INTEGER, limit }: ListOf[1],
): Promise<TrackedEvent[]> {
  const found = fitting(trackedEvents(trx), query).where('event.sequence', '<', before);
  return (await found.orderBy('event.sequence', 'desc').limit(limit).execute()).map(fromRow);
}

async function countUnresolved(trx: Trx): Promise<UnresolvedCounts> {
  const counts = { open: { ...NONE }, acknowledged: { ...NONE } };
  const isAcknowledged = sql<SqlBool>`acknowledged.sequence is not null`;
  const rows = await trackedEvents(trx)
    .where('resolved.sequence', 'is', null)
    .clearSelect()
    .select((eb) => [
      isAcknowledged.as('isAcknowledged'),
      'event.severity',
      eb.fn.countAll<number>().as('count'),
    ])
    .groupBy(['event.severity', isAcknowledged])
    .execute();
  for (const { isAcknowledged, severity, count } of rows) {
    counts[isAcknowledged ? 'acknowledged' : 'open'][severity] = count;
  }
  return counts;
}

const NONE: Readonly<Record<Severity, number>> = { info: 0, warning: 0, critical: 0 };

export interface StoredSecurityEvents extends SecurityEvents, EventService, SecurityEventFeed {
  /** How many are not resolved. `store_unavailable`. */
  countUnresolved(): Promise<UnresolvedCounts>;
}

export function createSecurityEvents(
  reader: TrxReader,
  writer: TrxWriter,
  clock: Clock,
): StoredSecurityEvents {
  const changes = new Emitter<EventChange>();
  const take = async (step: Omit<RequestedStep, 'at'>) => {
    const { event, change } = await writer.transaction((trx) =>
      appendStep(trx, { ...step, at: clock.nowSeconds() }),
    );
    if (change) changes.emit(change);
    return event;
  };
  return {
    async raise(report) {
      const change = await writer.transaction(async (trx) => {
        const untold = await untoldReport(trx, report);
        return untold && (await insert(trx, untold, clock.nowSeconds()));
      });
      if (change) changes.emit(change);
      return change !== null;
    },
    acknowledge: (eventSequence, note, actor) => take({ eventSequence, state: 'acknowledged', note, actor }),
    resolve: (eventSequence, note, actor) => take({ eventSequence, state: 'resolved', note, actor }),
    list: (query, page) => reader.read((trx) => newestFirst(trx, query, page)),
    find: (sequence) => reader.read((trx) => requireEvent(trx, sequence)),
    subscribe: (told) => changes.subscribe(told),
    changesAfter: (place, limit) => reader.read((trx) => changesAfter(trx, place, limit)),
    lastPlace: () => reader.read(lastPlace),
    countUnresolved: () => reader.read(countUnresolved),
  };
}

/**
 * Null for what was told. A row that no audit event testifies to was written by somebody who wants silence, and makes
 * room. So may one be whose audit event bears no seal that can be checked: it stays, and the event is told beside it.
 */
async function untoldReport(trx: Trx, report: SecurityEventReport): Promise<SecurityEventReport | null> {
  const before = await auditRecordState(trx, report);
  if (before === 'sealed') return null;
  if (before === 'none') {
    await remove(trx, report);
    return report;
  }
  const again = { ...report, dedupKey: `${report.dedupKey} ${memoryOf(trx).run.id}` };
  if ((await auditRecordState(trx, again)) === 'sealed') return null;
  await remove(trx, again);
  return again;
}

/** What stands behind the row of that type and key. */
async function auditRecordState(
  trx: Trx,
  { type, dedupKey }: SecurityEventReport,
): Promise<'sealed' | 'unsealed' | 'none'> {
  const query = trx.selectFrom('security_events').selectAll();
  const row = await query.where('type', '=', type).where('dedup_key', '=', dedupKey).executeTakeFirst();
  if (!row) return 'none';
  const auditRecord = await trx
    .selectFrom('audit_events')
    .select((eb) => ['type', 'details_json', isWitnessed(trx, eb.ref('sequence')).as('isWitnessed')])
    .where('sequence', '=', row.audit_sequence)
    .executeTakeFirst();
  const told = securityEventDetails({ ...row, dedupKey }, row.evidence_commitment);
  if (auditRecord?.type !== SECURITY_EVENT_RAISED || auditRecord.details_json !== JSON.stringify(told)) {
    return 'none';
  }
  return auditRecord.isWitnessed ? 'sealed' : 'unsealed';
}

async function remove(trx: Trx, { type, dedupKey }: SecurityEventReport): Promise<void> {
  const rows = trx.deleteFrom('security_events').where('type', '=', type);
  await rows.where('dedup_key', '=', dedupKey).execute();
}

async function insert(trx: Trx, report: SecurityEventReport, raisedAt: number): Promise<EventChange> {
  const { type, severity, dedupKey, subject, evidence } = report;
  const sequence = await nextSequence(trx, 'security_events');
  const json = JSON.stringify(evidence);
  const salt = randomBytes(EVIDENCE_SALT_BYTES);
  const commitment = evidenceCommitment(salt, json);
  const details = securityEventDetails({ sequence, type, severity, dedupKey }, commitment);
  const audited = await appendAuditEvent(
    trx,
    actOf(KEYWARD, SECURITY_EVENT_RAISED, subject, details),
    raisedAt,
  );
  await trx
    .insertInto('security_events')
    .values({
      sequence,
      raised_at: raisedAt,
      type,
      severity,
      dedup_key: dedupKey,
      subject,
      evidence_json: json,
      evidence_salt: salt,
      evidence_commitment: commitment,
      audit_sequence: audited.sequence,
    })
    .execute();
  const event = { ...report, sequence, raisedAt, state: 'open', acknowledged: null, resolved: null } as const;
  return { place: audited.sequence, event, was: null };
}
