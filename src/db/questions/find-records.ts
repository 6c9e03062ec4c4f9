import type { DatabaseSync } from 'node:sqlite';
import type { BrokenChain } from '../../kernel/audit-chain.ts';
import { type RecordColumns, SLOT_OF_ROW } from '../ledger-row.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { Statements } from '../sqlite/statements.ts';

/** All digests in one array, each with the slot to look in. */
interface DigestQuery {
  readonly digests: Uint8Array;
  readonly slots: readonly number[];
}

interface FoundRecords<T> {
  /** In the order of what was asked. */
  readonly found: readonly T[];
  /** Rows that were met and count for nothing. */
  readonly broken: readonly BrokenChain[];
}

const DIGEST_BYTES = 32;

export const RECORD = `SELECT * FROM issuance_records WHERE ${SLOT_OF_ROW} = ? AND digest = ?`;

const prepared = new Statements({ record: RECORD });

/** A row that counts for nothing is none. */
export function findRecords(ledger: OpenLedger, asks: DigestQuery): FoundRecords<RecordColumns | null> {
  const { digests, slots } = asks;
  const broken: BrokenChain[] = [];
  const found = ledger.connection.read((db) =>
    slots.map((slot, index) => {
      const digest = digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
      return findStored(ledger, db, { slot, digest }, broken);
    }),
  );
  return { found, broken };
}

/** Whether each is recorded for the scope. */
export function knownRecords(
  ledger: OpenLedger,
  asks: DigestQuery & { readonly scopeId: string },
): FoundRecords<boolean> {
  const { found, broken } = findRecords(ledger, asks);
  return { found: found.map((row) => row?.scope_id === asks.scopeId), broken };
}

/** What was met and counts for nothing goes to `broken`. */
function findStored(
  { groups }: OpenLedger,
  db: DatabaseSync,
  { slot, digest }: { readonly slot: number; readonly digest: Uint8Array },
  broken: BrokenChain[],
): RecordColumns | null {
  const row = prepared.of(db).record.get(slot, digest) as RecordColumns | undefined;
  if (!row) return null;
  const why = groups.flawOf(db, row, false);
  if (why === undefined) return row;
  broken.push({ place: `record ${row.sequence}`, why });
  return null;
}
