import { REGISTRY_TABLE_NAMES } from '../../../src/db/signed/tables.ts';

/** Tables that only make sense together: somebody who puts one back as it was puts back all of its set. */
const SETS: readonly (readonly string[])[] = [
  [...REGISTRY_TABLE_NAMES, 'registry_rows', 'registry_buckets', 'registry_head'],
  ['audit_events', 'checkpoints', 'audit_deliveries', 'runs'],
  ['issuance_records', 'ledger_groups', 'ledger_row_hashes', 'ledger_archives'],
  ['security_events', 'reports', 'case_log'],
  ['notification_deliveries', 'notification_awaited', 'notification_place'],
  ['kysely_migration', 'kysely_migration_lock'],
  ['revocations'],
  ['detection_memory'],
  ['readiness'],
];

/** Every table of the schema: one that is in no set is not tampered with, and the test of the matrix says so. */
export const ALL_TABLES: readonly string[] = SETS.flat();

export function tablesOfSet(table: string): readonly string[] {
  const found = SETS.find((set) => set.includes(table));
  if (!found) throw new Error(`${table} is in no set of tables: name it in ${import.meta.filename}`);
  return found;
}
