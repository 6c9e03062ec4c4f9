import type { HeadStatement, RefusedRow, RowStatement } from '../../domain/registry-seal.ts';
import {
  type Bucket,
  bucketFrom,
  bucketOf,
  bucketText,
  EMPTY_TEXT,
  type Listed,
  readBucket,
} from './buckets.ts';
import { digestOf } from './content.ts';
import type { StoredRegistry } from './read-stored.ts';

interface JudgedBuckets {
  readonly buckets: readonly { readonly digest: string; readonly listed: Bucket | null }[];
  readonly listedIn: (key: string) => Bucket | null;
  readonly damaged: readonly RefusedRow[];
}

/**
 * The lists that the head signed. One that is damaged is made again from the signatures of the rows: where no
 * row is missing or old, the digest fits once more.
 */
export function judgeBuckets(
  { buckets: digests }: HeadStatement,
  { lists }: StoredRegistry,
  statements: ReadonlyMap<string, RowStatement>,
): JudgedBuckets {
  const signed: Listed[][] = digests.map(() => []);
  for (const statement of statements.values()) {
    signed[bucketOf(statement.table, statement.id)]?.push(statement);
  }
  const damaged: RefusedRow[] = [];
  const complain = (bucket: number, why: string) =>
    damaged.push({ table: 'registry_buckets', id: String(bucket), why });
  for (const bucket of lists.keys()) if (!(bucket in digests)) complain(bucket, 'there is no such list');
  const buckets = digests.map((digest, index) => {
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
    const [table, id] = JSON.parse(key) as [string, string];
    return buckets[bucketOf(table, id)]?.listed ?? null;
  };
  return { buckets, listedIn, damaged };
}
