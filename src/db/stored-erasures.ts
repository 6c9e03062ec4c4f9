import { ARCHIVE_EVENTS } from '../kernel/ledger-search.ts';
import { compileQuery } from './sqlite-dialect.ts';
import type { StoredTrail } from './stored-trail.ts';

const ERASED = compileQuery((db) =>
  db
    .selectFrom('issuance_records')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('salt', 'is', null),
);

/** Of how many records the personal values are gone, and of how many the audit trail says that they were erased. */
export function erasedRecords(trail: StoredTrail): { readonly erased: number; readonly told: number } {
  const erased = trail.all<{ count: number }>(ERASED)[0]?.count ?? 0;
  return { erased, told: trail.erasedBy([ARCHIVE_EVENTS.replaced], 'records', 'ledger') };
}
