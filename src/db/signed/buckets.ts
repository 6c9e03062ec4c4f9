import { hash } from 'node:crypto';
import { digestOf } from './content.ts';
import { rowKey } from './tables.ts';

/** How many lists the rows are spread over: each change writes the lists it touches and a head that names all. */
export const BUCKETS = 64;

/** What the head says of one row. */
export interface Listed {
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

export function bucketFrom(rows: readonly Listed[]): Bucket {
  return new Map(rows.map((listed) => [rowKey(listed.table, listed.id), listed]));
}

export const EMPTY_TEXT = bucketText(new Map());
export const EMPTY_DIGEST = digestOf(EMPTY_TEXT);
