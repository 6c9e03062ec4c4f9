import { randomBytes } from 'node:crypto';
import type { Selectable, Transaction } from 'kysely';
import type { Clock } from '../domain/clock.ts';
import { evidenceCommitment } from '../domain/evidence-commitment.ts';
import { SECURITY_EVENT_RAISED, securityEventDetails } from '../domain/security-event-chain.ts';
import type {
  SecurityEvent,
  SecurityEventList,
  SecurityEventReport,
  SecurityEvents,
} from '../domain/security-events.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import type { Reader } from './reader.ts';
import type { Schema } from './schema.ts';
import type { Writer } from './writer.ts';

type Trx = Transaction<Schema>;

const SALT_BYTES = 16;

export function createSecurityEvents(
  reader: Pick<Reader, 'read'>,
  writer: Pick<Writer, 'transaction'>,
  clock: Clock,
): SecurityEvents & SecurityEventList {
  return {
    raise: (report) =>
      writer.transaction(async (trx) => {
        if (await isTold(trx, report)) return false;
        await insert(trx, report, clock.nowSeconds());
        return true;
      }),
    list: (page) => reader.read((trx) => readPage(trx, page)),
  };
}

async function isTold(trx: Trx, { type, dedupKey }: SecurityEventReport): Promise<boolean> {
  const query = trx.selectFrom('security_events').select('sequence');
  const found = query.where('type', '=', type).where('dedup_key', '=', dedupKey);
  return (await found.executeTakeFirst()) !== undefined;
}

async function insert(trx: Trx, report: SecurityEventReport, raisedAt: number): Promise<void> {
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
}

async function lastSequence(trx: Trx): Promise<number> {
  const query = trx.selectFrom('security_events').select((eb) => eb.fn.max('sequence').as('last'));
  return (await query.executeTakeFirst())?.last ?? 0;
}

async function readPage(trx: Trx, { before, limit }: { before?: number | undefined; limit: number }) {
  const rows = await trx
    .selectFrom('security_events')
    .selectAll()
    .where('sequence', '<', before ?? Number.MAX_SAFE_INTEGER)
    .orderBy('sequence', 'desc')
    .limit(limit)
    .execute();
  return rows.map(fromRow);
}

function fromRow(row: Selectable<Schema['security_events']>): SecurityEvent {
  return {
    sequence: row.sequence,
    raisedAt: row.raised_at,
    type: row.type,
    severity: row.severity,
    dedupKey: row.dedup_key,
    subject: row.subject,
    evidence:
      row.evidence_json === null ? null : (JSON.parse(row.evidence_json) as SecurityEventReport['evidence']),
  };
}
