import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

export type Row = Record<string, SQLInputValue>;

/** One thing that somebody with write access to the file does to one row, or two where they are swapped. */
export interface Tampering {
  readonly name: string;
  apply(db: DatabaseSync): void;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly key: readonly string[];
  readonly unique: ReadonlySet<string>;
}

/** What differs from value to value of a column's type; a gap is filled. */
const OTHER: Record<string, (column: string) => string> = {
  TEXT: (column) => `coalesce(${column} || 'x', 'x')`,
  INTEGER: (column) => `coalesce(${column} + 1000, 1000)`,
  BLOB: (column) => `randomblob(coalesce(length(${column}), 32))`,
};

/** The tables of the database but for SQLite's own. */
export function tablesIn(file: string): string[] {
  return reading(file, (db) =>
    db
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name`)
      .all()
      .map(({ name }) => String(name))
      .filter((name) => !name.startsWith('sqlite_')),
  );
}

/** The rows that an older copy has otherwise, each put back. */
export function olderVersions(file: string, older: string, name: string): Tampering[] {
  const table = reading(file, (db) => describeTable(db, name));
  const find = (from: string) =>
    reading(from, (db) => db.prepare(`SELECT * FROM ${name}`).all() as Row[]).map((row) => [
      keyText(table, row),
      row,
    ]) as [string, Row][];
  const now = new Map(find(file));
  return find(older).flatMap(([key, row]) => {
    const current = now.get(key);
    if (!current || same(table, current, row)) return [];
    return [{ name: `puts back ${name} ${key}`, apply: (db) => replace(db, table, row) }];
  });
}

export function edit(table: Table, row: Row, { name, type }: Table['columns'][number]): Tampering {
  return {
    name: `edits ${table.name}.${name} of ${keyText(table, row)}`,
    apply: (db) =>
      run(
        db,
        `UPDATE ${table.name} SET ${name} = ${other(type, name)} WHERE ${isRow(table)}`,
        keyOf(table, row),
      ),
  };
}

export function deletion(table: Table, row: Row): Tampering {
  return {
    name: `deletes ${table.name} ${keyText(table, row)}`,
    apply: (db) => run(db, `DELETE FROM ${table.name} WHERE ${isRow(table)}`, keyOf(table, row)),
  };
}

/** A row like the last, but for what must be its own. */
export function insertion(table: Table, row: Row): Tampering {
  const values = table.columns.map(({ name, type }) => (table.unique.has(name) ? other(type, name) : name));
  return {
    name: `inserts into ${table.name}`,
    apply: (db) =>
      run(
        db,
        `INSERT INTO ${table.name} SELECT ${values.join(', ')} FROM ${table.name} WHERE ${isRow(table)}`,
        keyOf(table, row),
      ),
  };
}

/** Two rows with each other's content, each under its own key. */
export function swap(table: Table, one: Row, other: Row): Tampering {
  return {
    name: `swaps two of ${table.name}`,
    apply(db) {
      for (const row of [one, other]) deletion(table, row).apply(db);
      insert(db, table, { ...other, ...pick(table, one) });
      insert(db, table, { ...one, ...pick(table, other) });
    },
  };
}

export function replace(db: DatabaseSync, table: Table, row: Row): void {
  deletion(table, row).apply(db);
  insert(db, table, row);
}

export function insert(db: DatabaseSync, table: Table, row: Row): void {
  insertAs(db, 'INSERT', table, row);
}

/** Unless a row is there that it would conflict with. */
export function insertMissing(db: DatabaseSync, table: Table, row: Row): void {
  insertAs(db, 'INSERT OR IGNORE', table, row);
}

function insertAs(db: DatabaseSync, verb: string, { name, columns }: Table, row: Row): void {
  const places = columns.map(() => '?').join(', ');
  run(
    db,
    `${verb} INTO ${name} VALUES (${places})`,
    columns.map((column) => row[column.name] ?? null),
  );
}

export function run(db: DatabaseSync, sql: string, values: readonly SQLInputValue[]): void {
  db.prepare(sql).run(...values);
}

export function describeTable(db: DatabaseSync, name: string): Table {
  const columns = db.prepare(`SELECT name, type, pk FROM pragma_table_info('${name}')`).all();
  const unique = db
    .prepare(
      `SELECT c.name FROM pragma_index_list('${name}') i, pragma_index_info(i.name) c WHERE i."unique" = 1`,
    )
    .all();
  const key = columns.filter(({ pk }) => Number(pk) > 0).map((column) => String(column.name));
  return {
    name,
    columns: columns.map((column) => ({
      name: String(column.name),
      type: String(column.type).toUpperCase(),
    })),
    key,
    unique: new Set([...key, ...unique.map((column) => String(column.name))]),
  };
}

function other(type: string, column: string): string {
  const make = OTHER[type.startsWith('VARCHAR') ? 'TEXT' : type];
  if (!make) throw new Error(`no other value of type ${type} is known`);
  return make(column);
}

export const isRow = ({ key }: Table) => key.map((column) => `${column} = ?`).join(' AND ');
export const keyOf = ({ key }: Table, row: Row) => key.map((column) => row[column] ?? null);
const pick = ({ key }: Table, row: Row) =>
  Object.fromEntries(key.map((column) => [column, row[column] ?? null]));
const text = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
export const keyText = (table: Table, row: Row) => keyOf(table, row).map(text).join(' ');
export const same = ({ columns }: Table, a: Row, b: Row) =>
  columns.every(({ name }) => text(a[name]) === text(b[name]));

export function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : value;
}

/** The rows of a table, each under all that it holds. */
export function rowsByContent(db: DatabaseSync, table: string): Map<string, Row> {
  const rows = db.prepare(`SELECT * FROM "${table}"`).all() as Row[];
  return new Map(rows.map((row) => [JSON.stringify(Object.values(row).map(plain)), row]));
}

/** What is only among the rows of before, and what is only among those of after. */
export function differences(before: ReadonlyMap<string, Row>, after: ReadonlyMap<string, Row>) {
  return {
    gone: [...before].filter(([content]) => !after.has(content)).map(([, row]) => row),
    come: [...after].filter(([content]) => !before.has(content)).map(([, row]) => row),
  };
}

export function reading<T>(file: string, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
