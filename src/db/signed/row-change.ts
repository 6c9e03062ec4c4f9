import { type Columns, type RegistryTable, type RowOf, rowId } from './tables.ts';

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
