import type { DatabaseSync } from 'node:sqlite';
import { columnText, indexText, type TableShape, type Tables, wordsOfCheck } from './table-shape.ts';

const TYPES: Readonly<Record<string, string>> = { TEXT: 'text', BLOB: 'bytes', INTEGER: 'number' };

type Row = Readonly<Record<string, unknown>>;

/** Keyward's tables in that database. */
export function sqliteTables(db: DatabaseSync): Tables {
  const tables = db
    .prepare(
      `select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite%'
         and name not like 'kysely%' order by name`,
    )
    .all();
  return Object.fromEntries(tables.map(({ name, sql }) => [name, shapeOf(db, String(name), String(sql))]));
}

function shapeOf(db: DatabaseSync, table: string, sql: string): TableShape {
  const rows = (pragma: string, of: string) => db.prepare(`pragma ${pragma}("${of}")`).all() as Row[];
  const columns = rows('table_info', table);
  const indexes = rows('index_list', table);
  const columnsOf = (index: Row) =>
    rows('index_info', String(index.name))
      .map(({ name }) => name)
      .join();
  const textOf = db.prepare('select sql from sqlite_schema where name = ?');
  return {
    columns: columns.map(({ name, type, notnull, dflt_value }) =>
      columnText({
        name: String(name),
        type: TYPES[String(type).toUpperCase()] ?? String(type),
        isRequired: notnull === 1,
        default: dflt_value === null ? null : String(dflt_value),
      }),
    ),
    primaryKey: columns
      .filter(({ pk }) => pk !== 0)
      .sort((a, b) => Number(a.pk) - Number(b.pk))
      .map(({ name }) => String(name)),
    uniques: indexes
      .filter(({ origin }) => origin === 'u')
      .map(columnsOf)
      .sort(),
    foreignKeys: rows('foreign_key_list', table)
      .map(({ from, table: to, to: column }) => `${from} -> ${to}(${column})`)
      .sort(),
    checks: checksIn(sql).map(wordsOfCheck).sort(),
    indexes: indexes
      .filter(({ origin }) => origin === 'c')
      .map(({ name }) => indexText(String(textOf.get(String(name))?.sql)))
      .sort(),
  };
}

/** What stands in the parentheses behind each `check`. */
function checksIn(sql: string): string[] {
  return Array.from(sql.matchAll(/\bcheck \(/gi), ({ index, 0: { length } }) => {
    let end = index + length;
    for (let depth = 1; depth > 0; end += 1) depth += { '(': 1, ')': -1 }[sql[end] ?? ''] ?? 0;
    return sql.slice(index, end);
  });
}
