import { KeywardError } from '../kernel/errors.ts';
import { eventFromRow } from './event-seals.ts';
import { auditEventsAt } from './event-source.ts';
import { revocationTable, toldNumber } from './revocation-table.ts';
import type { TestifiedRow, Trx } from './schema.ts';
import { flawOf } from './testified-table.ts';
import { witnessed } from './unwitnessed.ts';

type Row = TestifiedRow<'revocations'>;

/**
 * Those of the rows to which an audit event testifies that counts. `audit_trail_refused` where one tells of the revocation
 * with that number otherwise than the row: then it was changed.
 */
export async function toldAmong(trx: Trx, rows: readonly Row[]): Promise<ReadonlySet<Row>> {
  const events = await auditEventsAt(
    trx,
    rows.map(({ audit_sequence }) => audit_sequence),
  );
  const counting = (await witnessed(trx, events)).map(eventFromRow);
  const bySequence = new Map(counting.map((event) => [event.sequence, event]));
  const told = new Set<Row>();
  for (const row of rows) {
    const event = bySequence.get(row.audit_sequence);
    if (!flawOf(revocationTable, row, event)) told.add(row);
    else if (event && Object.hasOwn(revocationTable.types, event.type) && toldNumber(event) === row.sequence)
      throw changed(row);
  }
  return told;
}

function changed(row: Row): KeywardError {
  return new KeywardError(
    'audit_trail_refused',
    `${revocationTable.name(row)} in the database is not as it was made: read docs/runbooks/changed-records.md`,
  );
}
