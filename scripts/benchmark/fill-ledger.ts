import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { packRecords } from '../../src/db/record-batch.ts';
import { GroupAppender } from '../../src/db/sqlite/group-appender.ts';
import { compileLedgerStatements } from '../../src/db/sqlite/ledger-statements.ts';
import type { RunKey } from '../../src/kernel/audit-chain.ts';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';

const GROUPS_A_COMMIT = 2_000;

/** Puts that many records into a database that nobody else has open, as groups of the chain. */
export function fillLedger(
  file: string,
  count: number,
  groupSize: number,
  run: RunKey,
  record: (n: number) => IssuanceRecord,
): { readonly bytesARow: number; readonly seconds: number } {
  const began = performance.now();
  const before = statSync(file).size;
  const db = new DatabaseSync(file);
  // The rows are what counts here, not how they came; a crash costs nothing but the run.
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000');
  const appender = new GroupAppender(db, compileLedgerStatements(), run);
  for (let done = 0; done < count; ) {
    db.exec('BEGIN');
    for (let groups = 0; groups < GROUPS_A_COMMIT && done < count; groups++, done += groupSize) {
      const records = Array.from({ length: groupSize }, (_, index) => record(done + index));
      appender.append(packRecords(records, records.at(-1)?.iat ?? 0), undefined);
    }
    db.exec('COMMIT');
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  const seconds = Math.round((performance.now() - began) / 1_000);
  return { bytesARow: Math.round((statSync(file).size - before) / count), seconds };
}
