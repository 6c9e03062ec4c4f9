import { hash } from 'node:crypto';
import type { Selectable } from 'kysely';
import { KeywardError } from '../../kernel/errors.ts';
import type { Schema } from '../schema.ts';

/** The tables whose rows the registry key signs, each with its primary key; those referred to come first. */
const REGISTRY_TABLES = {
  scopes: ['id'],
  signing_keys: ['hsm_id'],
  service_keys: ['role'],
  clients: ['id'],
  operators: ['id'],
  grants: ['client_id', 'scope_id', 'action'],
  credentials: ['digest'],
  proposals: ['id'],
  record_gaps: ['id'],
  canaries: ['id'],
  verifier_probes: ['client_id', 'scope_id'],
} as const satisfies { [T in keyof Schema]?: readonly (keyof Schema[T])[] };

export type RegistryTable = keyof typeof REGISTRY_TABLES;
export type RowOf<T extends RegistryTable> = Selectable<Schema[T]>;
/** A row of any of them. */
export type Columns = Readonly<Record<string, unknown>>;

export const REGISTRY_TABLE_NAMES = Object.keys(REGISTRY_TABLES) as RegistryTable[];

/** Keys that are no text, from how `rowId` writes them. */
const KEYS_FROM_TEXT: { readonly [T in RegistryTable]?: (text: string) => unknown } = {
  credentials: (hex) => Buffer.from(hex, 'hex'),
  record_gaps: Number,
};

export function isRegistryTable(name: string): name is RegistryTable {
  return Object.hasOwn(REGISTRY_TABLES, name);
}

export function primaryKeyOf(table: RegistryTable): readonly string[] {
  return REGISTRY_TABLES[table];
}

/** The columns of the primary key of the row that `rowId` names so. */
export function primaryKeyIn(table: RegistryTable, id: string): Columns {
  const [column, ...others] = primaryKeyOf(table);
  const parts = others.length === 0 ? [KEYS_FROM_TEXT[table]?.(id) ?? id] : (JSON.parse(id) as string[]);
  return Object.fromEntries([column, ...others].map((name, at) => [name, parts[at]]));
}

/** The name of a row within its table, as it is signed: the key itself, or a JSON array of a key's parts. */
export function rowId(table: RegistryTable, row: Columns): string {
  const parts = primaryKeyOf(table).map((column) => asText(row[column]));
  return parts.length === 1 ? (parts[0] ?? '') : JSON.stringify(parts);
}

/** One name for a row among all tables. */
export function rowKey(table: string, id: string): string {
  return JSON.stringify([table, id]);
}

/** Table and id of a row, of its `rowKey`. */
export function placeOf(key: string): { readonly table: string; readonly id: string } {
  const [table, id] = JSON.parse(key) as [string, string];
  return { table, id };
}

/** How the audit trail and an operator name a row. */
export function rowName(table: string, id: string): string {
  return `${table} ${id}`;
}

function asText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

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

/** A row as it shall be, or that it shall be no longer. */
export interface RowChange {
  readonly table: RegistryTable;
  readonly id: string;
  readonly row: Columns | null;
}

/** The whole row: a new one, or what takes the place of the one of that key. */
export function put<T extends RegistryTable>(table: T, row: RowOf<T>): RowChange {
  const columns = row as Columns;
  return { table, id: rowId(table, columns), row: columns };
}

export function remove<T extends RegistryTable>(table: T, row: RowOf<T>): RowChange {
  return { table, id: rowId(table, row as Columns), row: null };
}

/** What the registry was asked does not fit what it holds: an error of ours, never of the caller. */
export function inconsistent(what: string): KeywardError {
  return new KeywardError('internal', 'The registry does not hold what this change needs.', {
    cause: new Error(what),
  });
}
