import type { PostgresSession } from '../../../src/db/postgres/session.ts';
import { columnText, indexText, type TableShape, type Tables, wordsOfCheck } from './table-shape.ts';

const TYPES: Readonly<Record<string, string>> = {
  'text C': 'text',
  bytea: 'bytes',
  bigint: 'number',
  smallint: 'number',
};

/** The tables of both engines, in that database. */
export async function postgresTables(session: PostgresSession): Promise<Tables> {
  const { rows } = await session.query(
    `select relname, oid from pg_class where relkind in ('r', 'p') and relnamespace = 'keyward'::regnamespace
       and relname not like 'kysely%' and relname not in ('slots', 'fence', 'pin_permits', 'front_notes') order by relname collate "C"`,
  );
  const tables: [string, TableShape][] = [];
  for (const { relname, oid } of rows) tables.push([String(relname), await shapeOf(session, oid)]);
  return Object.fromEntries(tables);
}

async function shapeOf(session: PostgresSession, oid: unknown): Promise<TableShape> {
  const columns = await session.query(
    `select attname, format_type(atttypid, atttypmod) || coalesce(' ' || collname, '') as type, attnotnull,
       pg_get_expr(adbin, adrelid) as value
     from pg_attribute left join pg_collation c on c.oid = attcollation
       left join pg_attrdef on adrelid = attrelid and adnum = attnum
     where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`,
    [oid],
  );
  const constraints = await session.query(
    `select contype::text, pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1`,
    [oid],
  );
  const indexes = await session.query(
    `select pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = $1 and not exists (select from pg_constraint where conindid = indexrelid)`,
    [oid],
  );
  const defined = (kind: string) =>
    constraints.rows.filter(({ contype }) => contype === kind).map(({ definition }) => String(definition));
  const inParentheses = (definition: string) =>
    (/\((.*?)\)/.exec(definition)?.[1] ?? '').replaceAll(', ', ',');
  return {
    columns: columns.rows.map(({ attname, type, attnotnull, value }) =>
      columnText({
        name: String(attname),
        type: TYPES[String(type)] ?? String(type),
        isRequired: attnotnull === 1,
        default: value === null ? null : String(value),
      }),
    ),
    primaryKey: defined('p').flatMap((definition) => inParentheses(definition).split(',')),
    uniques: defined('u').map(inParentheses).sort(),
    foreignKeys: defined('f')
      .map((definition) => definition.replace(/^FOREIGN KEY \((.*?)\) REFERENCES /, '$1 -> '))
      .sort(),
    checks: defined('c').map(wordsOfCheck).sort(),
    indexes: indexes.rows.map(({ definition }) => indexText(String(definition))).sort(),
  };
}
