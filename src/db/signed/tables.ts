import type { Selectable } from 'kysely';
import type { Schema } from '../schema.ts';

/** The tables whose rows the registry key signs, each with its primary key; those referred to come first. */
export const REGISTRY_TABLES = {
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

export function primaryKeyOf(table: RegistryTable): readonly string[] {
  return REGISTRY_TABLES[table];
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

/** How the audit trail and an operator name a row. */
export function rowName(table: string, id: string): string {
  return `${table} ${id}`;
}

function asText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}
