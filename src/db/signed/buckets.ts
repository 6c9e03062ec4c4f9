import { hash } from 'node:crypto';
import type { HeadStatement, RefusedRow, RowStatement } from '../../kernel/registry.ts';
import type { StoredRegistry } from './read-stored.ts';
import { digestOf, placeOf, rowKey } from './tables.ts';

/** How many lists the rows are spread over: each change writes the lists it touches and a head that names all. */
export const BUCKETS = 64;

/** What the head says of one row. */
interface Listed {
  readonly table: string;
  readonly id: string;
  readonly version: number;
  readonly contentHash: string;
}

export type Bucket = ReadonlyMap<string, Listed>;

export function bucketOf(table: string, id: string): number {
  return (hash('sha256', rowKey(table, id), 'buffer')[0] ?? 0) % BUCKETS;
}

/** The one text for a list of rows, whose SHA-256 the head signs. */
export function bucketText(bucket: Bucket): string {
  const keys = [...bucket.keys()].sort();
  return JSON.stringify(
    keys.flatMap((key) => {
      const listed = bucket.get(key);
      return listed ? [[listed.table, listed.id, listed.version, listed.contentHash]] : [];
    }),
  );
}

/** Only of a text whose digest was found right: whoever signed it wrote it with `bucketText`. */
export function readBucket(text: string): Bucket {
  const rows = JSON.parse(text) as [table: string, id: string, version: number, contentHash: string][];
  return bucketFrom(rows.map(([table, id, version, contentHash]) => ({ table, id, version, contentHash })));
}

function bucketFrom(rows: readonly Listed[]): Bucket {
  return new Map(rows.map((listed) => [rowKey(listed.table, listed.id), listed]));
}

export const EMPTY_TEXT = bucketText(new Map());
export const EMPTY_DIGEST = digestOf(EMPTY_TEXT);

export interface VerifiedBucket {
  readonly digest: string;
  /** Null where nothing shows any more which rows it lists. */
  readonly listed: Bucket | null;
}

interface VerifiedBuckets {
  readonly buckets: readonly VerifiedBucket[];
  readonly listedIn: (key: string) => Bucket | null;
  readonly damaged: readonly RefusedRow[];
}

/**
 * The lists that the head signed. One that is damaged is made again from the signatures of the rows: where no
 * row is missing or old, the digest fits once more. A list that was verified before is taken from `known`.
 */
export function verifyBuckets(
  digests: HeadStatement['buckets'],
  lists: StoredRegistry['lists'],
  statements: ReadonlyMap<string, RowStatement>,
  known: readonly VerifiedBucket[] = [],
): VerifiedBuckets {
  const signed: Listed[][] = digests.map(() => []);
  for (const statement of statements.values()) {
    signed[bucketOf(statement.table, statement.id)]?.push(statement);
  }
  const damaged: RefusedRow[] = [];
  const complain = (bucket: number, why: string) =>
    damaged.push({ table: 'registry_buckets', id: String(bucket), why });
  for (const bucket of lists.keys()) if (!(bucket in digests)) complain(bucket, 'there is no such list');
  const buckets = digests.map((digest, index) => {
    const verified = known[index];
    if (verified?.digest === digest) return verified;
    const text = lists.get(index) ?? EMPTY_TEXT;
    if (digestOf(text) === digest) return { digest, listed: readBucket(text) };
    const rebuilt = bucketFrom(signed[index] ?? []);
    if (digestOf(bucketText(rebuilt)) === digest) {
      complain(index, 'it is not the list that was signed; made again from the signatures of its rows');
      return { digest, listed: rebuilt };
    }
    complain(index, 'it is not the list that was signed, so none of its rows is used');
    return { digest, listed: null };
  });
  const listedIn = (key: string) => {
    const { table, id } = placeOf(key);
    return buckets[bucketOf(table, id)]?.listed ?? null;
  };
  return { buckets, listedIn, damaged };
}
