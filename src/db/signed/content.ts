import { hash } from 'node:crypto';
import type { Columns } from './tables.ts';

/**
 * The text of a row that is signed: its columns in the order of their names, without nulls, so that a nullable
 * column added later changes nothing. Bytes are written as hex; a column's type says which of its texts are.
 */
export function contentOf(row: Columns): string {
  const entries = Object.keys(row)
    .sort()
    .filter((column) => row[column] !== null && row[column] !== undefined)
    .map((column) => [column, plain(row[column])]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** SHA-256, base64url. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

/** The columns in which two contents differ. */
export function differingColumns(one: string, other: string): readonly string[] {
  const [a, b] = [JSON.parse(one) as Columns, JSON.parse(other) as Columns];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort().filter((name) => a[name] !== b[name]);
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
