import type { RefusedRow, RegistryVerifier } from '../../kernel/registry.ts';
import type { Trx } from '../schema.ts';
import { type VerifiedBucket, verifyBuckets } from './buckets.ts';
import { isMarked } from './commit-change.ts';
import {
  readHead,
  readLists,
  readMarksOf,
  readPendingMarks,
  readRestrictions,
  readRowsOf,
  type StoredHead,
  type StoredRegistry,
} from './read-stored.ts';
import { placeOf, type RowOf, rowKey } from './tables.ts';
import type { CommittedChange, TrustedRegistry } from './trusted-registry.ts';
import { judgeRows, readStatements, type TrustedRow, verifyHead } from './verify-stored.ts';

/** Rows that a promotion took back to what they were before; the registry in memory goes on with what was lost. */
export type HeldRows = ReadonlyMap<string, TrustedRow | undefined>;

/** What the database has that the registry in memory has not. */
export interface SeenChanges {
  /** Undefined where there is nothing. */
  readonly change: CommittedChange | undefined;
  /** Rows and lists that are not as they were signed, and did not fail at load. */
  readonly refused: readonly RefusedRow[];
}

interface Known {
  readonly registry: TrustedRegistry;
  readonly verifier: RegistryVerifier;
  readonly held: HeldRows;
}

/**
 * Reads, within a snapshot, what others committed: of a later head the lists that differ, of these the rows that
 * differ, and whatever waits for its signature. Verified as at the start. An older head, or another of the same number,
 * tells nothing of signed rows: only what restricts those in memory further is taken from it. `registry_refused` for a
 * later head that was not signed.
 */
export async function readChanges(trx: Trx, { registry, verifier, held }: Known): Promise<SeenChanges> {
  const listing = await readListing(trx, registry, verifier);
  const pending = await readPendingMarks(trx);
  const differing = [...differingRows(registry, listing), ...differingPending(registry, listing, pending)];
  const asked = [...new Set(differing)].filter((key) => !isRefused(registry, key));
  const unread = asked.filter((key) => !pending.has(key));
  const marks = new Map([...pending, ...(await readMarksOf(trx, unread.map(placeOf)))]);
  const keys = asked.filter((key) => !isHeld(held, key, marks.get(key))).sort();
  const stored = await readRest(trx, registry, { keys, marks, listing });
  return await judged(registry, verifier, listing, keys, stored);
}

interface Listing extends ReturnType<typeof verifyBuckets> {
  /** Undefined where the head is not later than the one in memory. */
  readonly head: StoredHead | undefined;
  /** Whether the head is an older one, or another of the same number. */
  readonly isForeign: boolean;
  /** Lists that are others than in memory. */
  readonly changed: readonly number[];
}

async function readListing(
  trx: Trx,
  { head, buckets }: TrustedRegistry,
  verifier: RegistryVerifier,
): Promise<Listing> {
  const found = await readHead(trx);
  const known = buckets.map(({ digest }) => digest);
  if (!found || found.version <= (head?.version ?? 0)) {
    const isForeign = found?.signature !== head?.signature;
    return {
      head: undefined,
      isForeign,
      changed: [],
      ...verifyBuckets(known, new Map(), new Map(), buckets),
    };
  }
  const { buckets: digests } = await verifyHead(found, verifier);
  const changed = [...digests.keys()].filter((number) => digests[number] !== known[number]);
  const lists = await readLists(trx, changed);
  return { head: found, isForeign: false, changed, ...verifyBuckets(digests, lists, new Map(), buckets) };
}

/** Keys of rows that are listed in another version than memory has, or no longer. */
function differingRows(registry: TrustedRegistry, { buckets, changed }: Listing): string[] {
  return changed.flatMap((number) => differingIn(registry, registry.buckets[number], buckets[number]));
}

function differingIn(
  registry: TrustedRegistry,
  before: VerifiedBucket | undefined,
  after: VerifiedBucket | undefined,
): string[] {
  const { listed } = after ?? {};
  if (!listed) return [];
  const gone = [...(before?.listed?.keys() ?? [])].filter((key) => !listed.has(key));
  const others = [...listed].filter(([, { table, id, version, contentHash }]) => {
    const known = registry.find(table, id);
    return known?.version !== version || known.contentHash !== contentHash;
  });
  return [...gone, ...others.map(([key]) => key)];
}

/** Keys of rows that wait for another signature than in memory, and of those that wait no longer. */
function differingPending(
  registry: TrustedRegistry,
  { isForeign }: Listing,
  pending: StoredRegistry['marks'],
): string[] {
  const others = [...pending].filter(([, mark]) => {
    const known = registry.find(mark.table_name, mark.row_id);
    return !isMarked(mark, known) && (!isForeign || known?.signature === mark.signature);
  });
  const waiting = registry.pending().map(({ table, id }) => rowKey(table, id));
  const over = isForeign ? [] : waiting.filter((key) => !pending.has(key));
  return [...others.map(([key]) => key), ...over];
}

function isRefused(registry: TrustedRegistry, key: string): boolean {
  const { table, id } = placeOf(key);
  return registry.isRefused(table, id);
}

function isHeld(held: HeldRows, key: string, mark: Parameters<typeof isMarked>[0]): boolean {
  return held.has(key) && isMarked(mark, held.get(key));
}

interface Asked {
  readonly keys: readonly string[];
  readonly marks: StoredRegistry['marks'];
  readonly listing: Listing;
}

/** Of what no list names nothing is read: its name may be no name of a row at all. */
async function readRest(
  trx: Trx,
  registry: TrustedRegistry,
  { keys, marks, listing }: Asked,
): Promise<StoredRegistry> {
  const places = keys
    .filter((key) => listing.listedIn(key)?.has(key) || knownAt(registry, key))
    .map((key) => placeOf(key));
  const asked = new Set(keys);
  return {
    marks: new Map([...marks].filter(([key]) => asked.has(key))),
    rows: await readRowsOf(trx, places),
    told: keys.length > 0 ? await readRestrictions(trx) : [],
    lists: new Map(),
    head: listing.head,
  };
}

async function judged(
  registry: TrustedRegistry,
  verifier: RegistryVerifier,
  { head, buckets, changed, listedIn, damaged }: Listing,
  keys: readonly string[],
  stored: StoredRegistry,
): Promise<SeenChanges> {
  const statements = await readStatements(stored.marks, verifier);
  const isThere = (key: string) => listedIn(key)?.has(key) || stored.marks.has(key) || stored.rows.has(key);
  const gone = keys.filter((key) => !isThere(key)).flatMap((key) => knownAt(registry, key) ?? []);
  const { rows, refused } = judgeRows(
    keys.filter(isThere),
    stored,
    { statements, listedIn },
    gapsBeside(registry, keys),
  );
  const lists = changed.flatMap((index) => {
    const bucket = buckets[index];
    return bucket ? [{ index, ...bucket }] : [];
  });
  const sealed = head ? { head, buckets: lists } : null;
  const found = registry.changeTo({ sealed, rows: rows.values(), gone });
  const isNew = sealed !== null || found.change.rows.length > 0;
  return {
    change: isNew ? found.change : undefined,
    refused: [
      ...damaged.filter(({ table, id }) => !registry.isRefused(table, id)),
      ...refused,
      ...found.refused,
    ],
  };
}

/** Those in memory that are not judged with the rows of these keys. */
function gapsBeside(registry: TrustedRegistry, keys: readonly string[]): readonly RowOf<'record_gaps'>[] {
  const judged = new Set(keys);
  return registry.rows('record_gaps').filter(({ id }) => !judged.has(rowKey('record_gaps', String(id))));
}

function knownAt(registry: TrustedRegistry, key: string): TrustedRow | undefined {
  const { table, id } = placeOf(key);
  return registry.find(table, id);
}
