import { KeywardError } from '../../kernel/errors.ts';
import type { RegistrySeal } from '../../kernel/registry.ts';
import { BUCKETS, type Bucket, bucketOf, bucketText } from './buckets.ts';
import { onlyRestricts } from './restrictions.ts';
import { type Columns, contentOf, digestOf, type RegistryTable, type RowChange, rowKey } from './tables.ts';
import type { PreparedChange, PreparedRow, SealedBucket, TrustedRegistry } from './trusted-registry.ts';
import { asPending, type TrustedRow } from './verify-stored.ts';

/** A row that will differ from what is stored. */
export interface Difference {
  readonly table: RegistryTable;
  readonly id: string;
  readonly before: TrustedRow | undefined;
  readonly row: Columns | null;
  readonly content: string | null;
}

const SIGNED_AT_ONCE = 512;

/** What of the changes is new: rows put as they are already are left out. */
export function differences(registry: TrustedRegistry, changes: readonly RowChange[]): readonly Difference[] {
  return changes.flatMap(({ table, id, row }) => {
    const before = registry.entry(table, id);
    const content = row && contentOf(row);
    const current = before?.row ? contentOf(before.row) : null;
    if (content === current && (before?.pending ?? null) === null) return [];
    return [{ table, id, before, row, content }];
  });
}

/** Signed row by row, and as a whole with a new head. Fails as `Signer.sign` does. */
export async function signed(
  registry: TrustedRegistry,
  changes: readonly Difference[],
  seal: RegistrySeal,
): Promise<PreparedChange> {
  if (changes.length === 0) return { rows: [], sealed: null };
  const { version, previous } = await nextVersion(registry, seal);
  const rows = await signedRows(changes, version, seal);
  const buckets = touchedBuckets(registry, rows);
  const digests = registry.digests();
  for (const { index, digest } of buckets) digests[index] = digest;
  const signature = await seal.signHead({ version, previous, buckets: digests });
  return { rows, sealed: { head: { version, signature }, buckets } };
}

/** All rows, changed or not, by another registry key. What failed at load is in none of the lists any more. */
export async function resealed(
  registry: TrustedRegistry,
  changes: readonly RowChange[],
  seal: RegistrySeal,
): Promise<PreparedChange> {
  const changed = differences(registry, changes);
  const touched = new Set(changed.map(({ before }) => before));
  const others = registry.all().filter((row) => !touched.has(row));
  const { version, previous } = await nextVersion(registry, seal);
  const rows = await signedRows([...changed, ...others.map(unchanged)], version, seal);
  const byBucket = Map.groupBy(rows, ({ table, id }) => bucketOf(table, id));
  const buckets = Array.from({ length: BUCKETS }, (_, index) =>
    sealedBucket(index, withRows(new Map(), byBucket.get(index) ?? [])),
  );
  const signature = await seal.signHead({ version, previous, buckets: buckets.map(({ digest }) => digest) });
  return { rows, sealed: { head: { version, signature }, buckets } };
}

function unchanged(row: TrustedRow): Difference {
  return { ...row, before: row, content: row.row && contentOf(row.row) };
}

/** A head that was signed and never committed has used up its version. */
async function nextVersion(registry: TrustedRegistry, seal: RegistrySeal) {
  const { head, nextVersion: next } = registry;
  const version = Math.max(next, (await seal.lastVersion(head?.signature ?? null)) + 1);
  return { previous: head?.version ?? 0, version };
}

async function signedRows(
  changes: readonly Difference[],
  version: number,
  seal: RegistrySeal,
): Promise<readonly PreparedRow[]> {
  const rows: PreparedRow[] = [];
  for (let at = 0; at < changes.length; at += SIGNED_AT_ONCE) {
    const batch = changes.slice(at, at + SIGNED_AT_ONCE);
    rows.push(...(await Promise.all(batch.map((change) => signedRow(change, version, seal)))));
  }
  return rows;
}

/** Not signed yet. Undefined where one of the changes would do more than restrict. */
export function unsigned(changes: readonly Difference[]): PreparedChange | undefined {
  const rows: PreparedRow[] = [];
  for (const { table, id, before, row, content } of changes) {
    const current = before?.row ? contentOf(before.row) : null;
    if (content === current) continue;
    // What restricts since the last signature must not be undone without one either.
    if (!before || current === null || !onlyRestricts(table, current, content)) return undefined;
    if (!onlyRestricts(table, before.content, content)) return undefined;
    rows.push({ table, id, before, after: { ...before, row, pending: asPending(content) } });
  }
  return { rows, sealed: null };
}

async function signedRow(
  { table, id, before, row, content }: Difference,
  version: number,
  seal: RegistrySeal,
): Promise<PreparedRow> {
  if (content === null) return { table, id, before, after: undefined };
  const contentHash = digestOf(content);
  const signature = await seal.signRow({ table, id, version, contentHash });
  return {
    table,
    id,
    before,
    after: { table, id, row, content, contentHash, version, signature, pending: null },
  };
}

function touchedBuckets(registry: TrustedRegistry, rows: readonly PreparedRow[]): readonly SealedBucket[] {
  const byBucket = Map.groupBy(rows, ({ table, id }) => bucketOf(table, id));
  return [...byBucket].map(([index, members]) =>
    sealedBucket(index, withRows(registry.bucket(index), members)),
  );
}

function withRows(bucket: Bucket, rows: readonly PreparedRow[]): Bucket {
  const listed = new Map(bucket);
  for (const { table, id, after } of rows) {
    if (after) listed.set(rowKey(table, id), listing(after));
    else listed.delete(rowKey(table, id));
  }
  return listed;
}

function sealedBucket(index: number, listed: Bucket): SealedBucket {
  const text = bucketText(listed);
  return { index, digest: digestOf(text), listed, text };
}

function listing({ table, id, version, contentHash }: TrustedRow) {
  return { table, id, version, contentHash };
}

/** Signed; what only restricts goes unsigned where that fails. */
export async function signedOrRestricting(
  registry: TrustedRegistry,
  changes: readonly Difference[],
  late: readonly Difference[],
  seal: RegistrySeal,
): Promise<PreparedChange> {
  try {
    return await signed(registry, [...changes, ...late], seal);
  } catch (error) {
    const prepared = error instanceof KeywardError ? unsigned(changes) : undefined;
    if (prepared) return prepared;
    throw error;
  }
}

/** Rows that wait for their signature, `but` for those that change. */
export function waiting(registry: TrustedRegistry, but: readonly Difference[]): readonly Difference[] {
  const touched = new Set(but.map(({ before }) => before));
  const rows = registry.pending().filter((row) => !touched.has(row));
  return differences(registry, rows);
}

/** The change asked for would have to be signed. */
export function needsSignature(changes: readonly Difference[]): KeywardError {
  return new KeywardError('internal', 'This change cannot be made without the HSM.', {
    cause: new Error(changes.map(({ table, id }) => `${table} ${id}`).join(', ')),
  });
}
