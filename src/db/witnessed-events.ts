import type { Transaction } from 'kysely';
import type { SealedEvent } from '../kernel/audit.ts';
import { sealedFromRow } from './event-row.ts';
import type { Schema } from './schema.ts';
import { isWitnessed } from './unwitnessed.ts';

/**
 * Audit events about that subject that something stands behind, in order. Whoever writes to the database cannot make
 * one, so what cannot be undone takes its facts from them and never from a row.
 */
export async function witnessedAbout(
  trx: Transaction<Schema>,
  subject: string,
): Promise<readonly SealedEvent[]> {
  const rows = await trx
    .selectFrom('audit_events')
    .selectAll()
    .where('subject', '=', subject)
    .where((eb) => isWitnessed(trx, eb.ref('sequence')))
    .orderBy('sequence')
    .execute();
  return rows.map(sealedFromRow);
}
