import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { EventChange, SecurityEventFeed } from '../domain/event-feed.ts';
import type { EventService } from '../domain/event-service.ts';
import type { UnresolvedCounts } from '../domain/event-steps.ts';
import { EVIDENCE_SALT_BYTES, evidenceCommitment } from '../kernel/event-chain.ts';
import { SECURITY_EVENT_RAISED, securityEventDetails } from '../domain/security-event-chain.ts';
import type { SecurityEventReport, SecurityEvents } from '../kernel/security-events.ts';
import { Emitter } from '../lib/emitter.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import { memoryOf } from './chain-end.ts';
import { changesAfter, lastPlace } from './event-changes.ts';
import { countUnresolved, newestFirst } from './event-lists.ts';
import { type AskedStep, requireEvent, takeStep } from './event-steps.ts';
import type { Reader } from './reader.ts';
import type { Schema } from './schema.ts';
import { isWitnessed } from './unwitnessed.ts';
import type { Writer } from './writer.ts';

type Trx = Transaction<Schema>;

export interface StoredSecurityEvents extends SecurityEvents, EventService, SecurityEventFeed {
  /** How many are not resolved. `store_unavailable`. */
  countUnresolved(): Promise<UnresolvedCounts>;
}

export function createSecurityEvents(
  reader: Pick<Reader, 'read'>,
  writer: Pick<Writer, 'transaction'>,
  clock: Clock,
): StoredSecurityEvents {
  const changes = new Emitter<EventChange>();
  const take = async (step: Omit<AskedStep, 'at'>) => {
    const { event, change } = await writer.transaction((trx) =>
      takeStep(trx, { ...step, at: clock.nowSeconds() }),
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
  const before = await testimonyOf(trx, report);
  if (before === 'sealed') return null;
  if (before === 'none') {
    await remove(trx, report);
    return report;
  }
  const again = { ...report, dedupKey: `${report.dedupKey} ${memoryOf(trx).run.id}` };
  if ((await testimonyOf(trx, again)) === 'sealed') return null;
  await remove(trx, again);
  return again;
}

/** What stands behind the row of that type and key. */
async function testimonyOf(
  trx: Trx,
  { type, dedupKey }: SecurityEventReport,
): Promise<'sealed' | 'unsealed' | 'none'> {
  const query = trx.selectFrom('security_events').selectAll();
  const row = await query.where('type', '=', type).where('dedup_key', '=', dedupKey).executeTakeFirst();
  if (!row) return 'none';
  const testimony = await trx
    .selectFrom('audit_events')
    .select((eb) => ['type', 'details_json', isWitnessed(trx, eb.ref('sequence')).as('isWitnessed')])
    .where('sequence', '=', row.audit_sequence)
    .executeTakeFirst();
  const told = securityEventDetails({ ...row, dedupKey }, row.evidence_commitment);
  if (testimony?.type !== SECURITY_EVENT_RAISED || testimony.details_json !== JSON.stringify(told)) {
    return 'none';
  }
  return testimony.isWitnessed ? 'sealed' : 'unsealed';
}

async function remove(trx: Trx, { type, dedupKey }: SecurityEventReport): Promise<void> {
  const rows = trx.deleteFrom('security_events').where('type', '=', type);
  await rows.where('dedup_key', '=', dedupKey).execute();
}

async function insert(trx: Trx, report: SecurityEventReport, raisedAt: number): Promise<EventChange> {
  const { type, severity, dedupKey, subject, evidence } = report;
  const sequence = (await lastSequence(trx)) + 1;
  const json = JSON.stringify(evidence);
  const salt = randomBytes(EVIDENCE_SALT_BYTES);
  const commitment = evidenceCommitment(salt, json);
  const details = securityEventDetails({ sequence, type, severity, dedupKey }, commitment);
  const audited = await appendAuditEvent(
    trx,
    { type: SECURITY_EVENT_RAISED, actor: 'keyward', subject, requestId: null, details },
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

async function lastSequence(trx: Trx): Promise<number> {
  const query = trx.selectFrom('security_events').select((eb) => eb.fn.max('sequence').as('last'));
  return (await query.executeTakeFirst())?.last ?? 0;
}
