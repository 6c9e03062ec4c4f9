import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { type LedgerGroup, rowHashes } from '../domain/ledger-chain.ts';
import { isCovered, type PlacedRow } from '../domain/ledger-check.ts';
import { type GroupColumns, ledgerGroup, placedRow, type RecordColumns } from './ledger-row.ts';
import type { LookupCalls, LookupSettings, SoughtDigests } from './lookup-protocol.ts';
import { ReadConnection } from './read-connection.ts';
import { serveCalls } from './serve-calls.ts';
import { Statements } from './statements.ts';

const DIGEST_BYTES = 32;
/** Looked into for one call, so that those behind it do not wait long; the last round is finished. */
const SLOTS_A_CALL = 25_000;
const CACHE_KIB = 32 * 1024;

const { file, identity, statements } = workerData as LookupSettings;
const connection = new ReadConnection(file, identity, CACHE_KIB);
const prepared = new Statements(statements);

serveCalls<LookupCalls>(
  {
    find: (sought) =>
      connection.read((db) =>
        sought.slots.map((slot, index) => findCovered(db, slot, digestAt(sought, index))),
      ),
    known: (sought) => connection.read((db) => known(db, sought)),
    close: () => void connection.close(),
  },
  (error) => connection.recover(error),
);

function digestAt({ digests }: SoughtDigests, index: number): Uint8Array {
  return digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
}

/** A slot of each in turn, the newest first: so those that are easily found are, whatever stands beside them. */
function known(db: DatabaseSync, sought: LookupCalls['known']['asks']): boolean[] {
  const { knownDigest } = prepared.of(db);
  const { slots, oldestSlots, scopeId } = sought;
  const found = slots.map(() => false);
  let left = SLOTS_A_CALL;
  let open = [...slots.keys()];
  for (let back = 0; open.length > 0 && left > 0; back++) {
    left -= open.length;
    open = open.filter((index) => {
      const slot = (slots[index] ?? 0) - back;
      found[index] = knownDigest.get(slot, digestAt(sought, index), scopeId) !== undefined;
      return !found[index] && slot > (oldestSlots[index] ?? slot);
    });
  }
  return found;
}

function findCovered(db: DatabaseSync, slot: number, digest: Uint8Array): RecordColumns | null {
  const { record, group } = prepared.of(db);
  const row = record.get(slot, digest) as RecordColumns | undefined;
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
