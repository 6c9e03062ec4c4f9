import type { Transaction } from 'kysely';
import type { AuditEvent } from '../domain/audit.ts';
import { AUDIT_GENESIS, auditEventHash, type ChainHead } from '../domain/audit-chain.ts';
import type { Schema } from './schema.ts';

/**
 * Puts an event at the end of the chain, within the transaction of the change that it tells of (I10). The one
 * writer makes the sequence free of gaps, whatever the clock says.
 */
export async function appendAuditEvent(
  trx: Transaction<Schema>,
  { type, actor, subject, requestId, details }: AuditEvent,
  time: number,
): Promise<ChainHead> {
  const head = await auditHead(trx);
  const sequence = head.sequence + 1;
  const detailsJson = JSON.stringify(details);
  const hash = auditEventHash(head.hash, { sequence, time, type, actor, subject, requestId, detailsJson });
  await trx
    .insertInto('audit_events')
    .values({ sequence, time, type, actor, subject, request_id: requestId, details_json: detailsJson, hash })
    .execute();
  return { sequence, hash };
}

export async function auditHead(trx: Transaction<Schema>): Promise<ChainHead> {
  const last = await trx
    .selectFrom('audit_events')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last ?? AUDIT_GENESIS;
}
