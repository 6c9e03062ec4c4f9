import { randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import { Changes } from '../domain/changes.ts';
import type { Clock } from '../domain/clock.ts';
import type { EventDesk } from '../domain/event-desk.ts';
import type { EventChange, SecurityEventFeed } from '../domain/event-feed.ts';
import type { UnresolvedCounts } from '../domain/event-steps.ts';
import { evidenceCommitment } from '../domain/evidence-commitment.ts';
import { SECURITY_EVENT_RAISED, securityEventDetails } from '../domain/security-event-chain.ts';
import type { SecurityEventReport, SecurityEvents } from '../domain/security-events.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import { changesAfter, lastPlace } from './event-changes.ts';
import { countUnresolved, newestFirst } from './event-lists.ts';
import { type AskedStep, requireEvent, takeStep } from './event-steps.ts';
import type { Reader } from './reader.ts';
import type { Schema } from './schema.ts';
import type { Writer } from './writer.ts';

type Trx = Transaction<Schema>;

const SALT_BYTES = 16;

export interface StoredSecurityEvents extends SecurityEvents, EventDesk, SecurityEventFeed {
  /** How many are not resolved. `store_unavailable`. */
  countUnresolved(): Promise<UnresolvedCounts>;
}

export function createSecurityEvents(
  reader: Pick<Reader, 'read'>,
  writer: Pick<Writer, 'transaction'>,
  clock: Clock,
): StoredSecurityEvents {
  const changes = new Changes<EventChange>();
  const take = async (step: Omit<AskedStep, 'at'>) => {
    const { event, change } = await writer.transaction((trx) =>
      takeStep(trx, { ...step, at: clock.nowSeconds() }),
    );
    if (change) changes.tell(change);
    return event;
  };
  return {
    async raise(report) {
      const change = await writer.transaction(async (trx) =>
        (await isTold(trx, report)) ? null : await insert(trx, report, clock.nowSeconds()),
      );
      if (change) changes.tell(change);
      return change !== null;
    },
    acknowledge: (eventSequence, note, actor) => take({ eventSequence, state: 'acknowledged', note, actor }),
    resolve: (eventSequence, note, actor) => take({ eventSequence, state: 'resolved', note, actor }),
    list: (query, page) => reader.read((trx) => newestFirst(trx, query, page)),
    find: (sequence) => reader.read((trx) => requireEvent(trx, sequence)),
    watch: (told) => changes.watch(told),
    changesAfter: (place, limit) => reader.read((trx) => changesAfter(trx, place, limit)),
    lastPlace: () => reader.read(lastPlace),
    countUnresolved: () => reader.read(countUnresolved),
  };
}

async function isTold(trx: Trx, { type, dedupKey }: SecurityEventReport): Promise<boolean> {
  const query = trx.selectFrom('security_events').select('sequence');
  const found = query.where('type', '=', type).where('dedup_key', '=', dedupKey);
  return (await found.executeTakeFirst()) !== undefined;
}

async function insert(trx: Trx, report: SecurityEventReport, raisedAt: number): Promise<EventChange> {
  const { type, severity, dedupKey, subject, evidence } = report;
  const sequence = (await lastSequence(trx)) + 1;
  const json = JSON.stringify(evidence);
  const salt = randomBytes(SALT_BYTES);
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
