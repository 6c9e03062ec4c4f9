import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { type LedgerGroup, rowHashes } from '../domain/ledger-chain.ts';
import { isCovered, type PlacedRow } from '../domain/ledger-check.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import type { LookupCalls, LookupSettings } from './lookup-protocol.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';
import { Statements } from './statements.ts';

const DIGEST_BYTES = 32;

const { file, identity, statements } = workerData as LookupSettings;
const connection = new ReadConnection(file, identity);
const prepared = new Statements(statements);

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
  const { record, group } = prepared.of(db);
  const row = record.get(digest) as RecordColumns | undefined;
  const found = row && (group.get(row.group_sequence) as GroupColumns | undefined);
  if (!found) return null;
  return isCoveredIn(db, placedRow(row), ledgerGroup(found)) ? row : null;
}

/** By the hashes that were kept, else by those of the rows as they are. */
function isCoveredIn(db: DatabaseSync, row: PlacedRow, group: LedgerGroup): boolean {
  const { rowHashes: kept, groupRows } = prepared.of(db);
  const hashes = kept.get(group.sequence) as { hashes: Uint8Array } | undefined;
  if (hashes && isCovered(row, group, hashes.hashes)) return true;
  const rows = groupRows.all(group.firstRecord, group.firstRecord + group.rowCount);
  return isCovered(row, group, rowHashes((rows as unknown as RecordColumns[]).map(placedRow)));
}
