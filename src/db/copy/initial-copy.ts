import { KeywardError } from '../../kernel/errors.ts';
import type { Trx } from '../schema.ts';

/**
 * A database that is not whole yet has this among its sinks: the copy has got as far as the audit event that stands
 * there. What the source has in this table comes last.
 */
export const MARKED_TABLE = 'audit_deliveries';
const MARK = 'keyward migrate-store';

export interface InitialCopy {
  /** Up to which audit event all that was copied is verified; 0 where nothing is. */
  readonly verified: number;
}

/** Undefined for a database that is whole, and for an empty one. */
export async function initialCopyIn(trx: Trx): Promise<InitialCopy | undefined> {
  const row = await trx
    .selectFrom(MARKED_TABLE)
    .select('audit_sequence as verified')
    .where('sink', '=', MARK)
    .executeTakeFirst();
  return row;
}

export async function markInitialCopy(trx: Trx, { verified }: InitialCopy): Promise<void> {
  await trx
    .insertInto(MARKED_TABLE)
    .values({ sink: MARK, host: '', audit_sequence: verified, checkpoint_number: 0 })
    .onConflict((conflict) => conflict.columns(['sink', 'host']).doUpdateSet({ audit_sequence: verified }))
    .execute();
}

/** `database_incomplete` where a copy has not come to its end. */
export async function refuseIncomplete(trx: Trx): Promise<void> {
  if (!(await initialCopyIn(trx))) return;
  throw new KeywardError(
    'database_incomplete',
    'This database is a copy that keyward migrate-store has begun: finish it with that command, without ' +
      '--initial-copy, while the service is stopped. Until then the configuration has to name the database that it ' +
      'is made from.',
  );
}
