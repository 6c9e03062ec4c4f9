import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import type { BrokenChain } from '../kernel/audit-chain.ts';
import { TrustedRuns } from '../kernel/runs.ts';
import type { RecordColumns } from './ledger-row.ts';
import type { DigestQuery, LookupCalls, LookupSettings } from './lookup-protocol.ts';
import { ReadConnection } from './read-connection.ts';
import { SealedGroups } from './sealed-groups.ts';
import { serveCalls } from './serve-calls.ts';
import { Statements } from './statements.ts';

const DIGEST_BYTES = 32;
const CACHE_KIB = 32 * 1024;

const { file, identity, runs, statements } = workerData as LookupSettings;
const connection = new ReadConnection(file, identity, CACHE_KIB);
const prepared = new Statements({ record: statements.record });
const groups = new SealedGroups(new TrustedRuns(runs), statements);

serveCalls<LookupCalls>(
  {
    find: (sought) => connection.read((db) => find(db, sought)),
    known: (sought) => connection.read((db) => known(db, sought)),
    close: () => void connection.close(),
  },
  (error) => connection.recover(error),
);

function digestAt({ digests }: DigestQuery, index: number): Uint8Array {
  return digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
}

function find(db: DatabaseSync, sought: DigestQuery): LookupCalls['find']['answers'] {
  const broken: BrokenChain[] = [];
  const found = sought.slots.map((slot, index) => look(db, slot, digestAt(sought, index), broken));
  return { found, broken };
}

function known(db: DatabaseSync, sought: LookupCalls['known']['asks']): LookupCalls['known']['answers'] {
  const { found, broken } = find(db, sought);
  return { found: found.map((row) => row?.scope_id === sought.scopeId), broken };
}

/** What was met and counts for nothing goes to `broken`. */
function look(
  db: DatabaseSync,
  slot: number,
  digest: Uint8Array,
  broken: BrokenChain[],
): RecordColumns | null {
  const row = prepared.of(db).record.get(slot, digest) as RecordColumns | undefined;
  if (!row) return null;
  const why = groups.flawOf(db, row, false);
  if (why === undefined) return row;
  broken.push({ place: `record ${row.sequence}`, why });
  return null;
}
