import type { BrokenChain } from '../../kernel/audit-chain.ts';
import { brokenAmong, type RecordColumns, SLOT_OF_ROW } from '../ledger-row.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { statement } from '../rows.ts';

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

export const RECORD = statement<RecordColumns>(
  `SELECT * FROM issuance_records WHERE ${SLOT_OF_ROW} = ? AND digest = ?`,
);

type Found = FoundRecords<RecordColumns | null>;

/** A row that counts for nothing is none. That there is none is confirmed: it may say that a token was forged. */
export function findRecords(ledger: OpenLedger, asks: DigestQuery): Promise<Found> {
  return ledger.connection.confirmAbsence ? findConfirmed(ledger, asks) : lookUp(ledger, asks);
}

async function findConfirmed(ledger: OpenLedger, asks: DigestQuery): Promise<Found> {
  const first = await lookUp(ledger, asks);
  if (!first.found.includes(null)) return first;
  await ledger.connection.confirmAbsence?.(ledger.acknowledged);
  return await lookUp(ledger, asks);
}

function lookUp({ connection, groups }: OpenLedger, { digests, slots }: DigestQuery): Promise<Found> {
  return connection.read(async (rows) => {
    const lists = slots.map((slot, index) => {
      const digest = digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
      return [slot, digest];
    });
    const stored = await rows.firstOfEach(RECORD, lists);
    const found = stored.filter((row) => row !== undefined);
    const flaws = found.length > 0 ? await groups.flawsOf(rows, found, false) : [];
    const broken = brokenAmong(found, flaws);
    return {
      found: stored.map((row) => (row && !broken.has(row) ? row : null)),
      broken: [...broken.values()],
    };
  });
}

/** Whether each is recorded for the scope. */
export async function knownRecords(
  ledger: OpenLedger,
  asks: DigestQuery & { readonly scopeId: string },
): Promise<FoundRecords<boolean>> {
  const { found, broken } = await lookUp(ledger, asks);
  return { found: found.map((row) => row?.scope_id === asks.scopeId), broken };
}
