import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { CoveredRows, type GroupSource } from './covered-rows.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import type { LookupCalls, LookupSettings } from './lookup-protocol.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';
import { Statements } from './statements.ts';

const DIGEST_BYTES = 32;

const { file, identity, statements } = workerData as LookupSettings;
const connection = new ReadConnection(file, identity);
const prepared = new Statements(statements);
const covered = new CoveredRows();

serveCalls<LookupCalls>(
  {
    find: (digests) => connection.read((db) => each(digests, (digest) => findCovered(db, digest))),
    known: ({ digests, scopeId }) =>
      connection.read((db) => {
        const known = prepared.of(db).knownDigest;
        return each(digests, (digest) => known.get(digest, scopeId) !== undefined);
      }),
    close: () => void connection.close(),
  },
  (error) => connection.recover(error),
);

function each<T>(digests: Uint8Array, look: (digest: Uint8Array) => T): T[] {
  return Array.from({ length: digests.length / DIGEST_BYTES }, (_, index) =>
    look(digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)),
  );
}

function findCovered(db: DatabaseSync, digest: Uint8Array): RecordColumns | null {
  const row = prepared.of(db).record.get(digest) as RecordColumns | undefined;
  return row && covered.covers(placedRow(row), groupSource(db)) ? row : null;
}

function groupSource(db: DatabaseSync): GroupSource {
  const { group, groupRows } = prepared.of(db);
  return (sequence) => {
    const found = group.get(sequence) as GroupColumns | undefined;
    if (!found) return undefined;
    const rows = groupRows.all(found.first_record, found.first_record + found.row_count);
    return { group: ledgerGroup(found), rows: (rows as unknown as RecordColumns[]).map(placedRow) };
  };
}
