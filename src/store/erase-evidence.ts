import { sql, type Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/**
 * Erases the evidence of security events about tokens of that subject, as it stands in the claims; answers how
 * many. What the audit trail says of them stays true: it holds the commitment alone.
 */
export async function eraseEvidence(trx: Transaction<Schema>, subject: string): Promise<number> {
  const { numUpdatedRows } = await trx
    .updateTable('security_events')
    .set({ evidence_json: null, evidence_salt: null })
    .where(sql<boolean>`json_extract(evidence_json, '$.claims.sub') = ${subject}`)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}
