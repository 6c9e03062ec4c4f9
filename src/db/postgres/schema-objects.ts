import { printable } from '../../lib/html.ts';
import type { Session } from '../session-dialect.ts';
import type { PostgresSession } from './session.ts';

/** All that is Keyward's lies there. */
export const KEYWARD_SCHEMA = 'keyward';

/** Every object of a schema, by its kind and name, with its definition as PostgreSQL words it. */
export type SchemaObjects = ReadonlyMap<string, string>;

const OBJECTS = `
  WITH own AS (SELECT oid FROM pg_namespace WHERE nspname = $1)
  SELECT 'relation ' || c.relname AS name,
      concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.reloptions::text) AS text
    FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM own) AND c.relkind NOT IN ('i', 'I')
  UNION ALL
  SELECT 'column ' || c.relname || '.' || a.attname,
      concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname, a.attgenerated, a.attidentity,
        pg_get_expr(d.adbin, d.adrelid))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = (SELECT oid FROM own) AND c.relkind = 'r'
  UNION ALL
  SELECT 'constraint ' || n.conrelid::regclass::text || '.' || n.conname,
      concat_ws(' ', pg_get_constraintdef(n.oid), n.convalidated)
    FROM pg_constraint n WHERE n.connamespace = (SELECT oid FROM own)
  UNION ALL
  SELECT 'index ' || c.relname, concat_ws(' ', pg_get_indexdef(c.oid), i.indisvalid, i.indisready)
    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = (SELECT oid FROM own)
  UNION ALL
  SELECT 'function ' || p.oid::regprocedure::text, pg_get_functiondef(p.oid)
    FROM pg_proc p WHERE p.pronamespace = (SELECT oid FROM own) AND p.prokind IN ('f', 'p')
  UNION ALL
  SELECT 'trigger ' || t.tgrelid::regclass::text || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = (SELECT oid FROM own) AND NOT t.tgisinternal
  UNION ALL
  SELECT 'rule ' || c.relname || '.' || r.rulename, pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = (SELECT oid FROM own)
  UNION ALL
  SELECT 'policy ' || c.relname || '.' || y.polname, coalesce(pg_get_expr(y.polqual, y.polrelid), '')
    FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid WHERE c.relnamespace = (SELECT oid FROM own)
  UNION ALL
  SELECT 'object ' || pg_describe_object(o.classid, o.objid, 0), ''
    FROM pg_depend o WHERE o.refclassid = 'pg_namespace'::regclass AND o.refobjid = (SELECT oid FROM own)
  UNION ALL
  SELECT 'event trigger ' || e.evtname, concat_ws(' ', e.evtevent, e.evtenabled) FROM pg_event_trigger e`;

/** What a schema holds; names of the schema itself are written as `as`, so that two can be compared. */
export async function objectsOf(
  session: Pick<Session, 'execute'>,
  schema: string,
  as: string,
): Promise<SchemaObjects> {
  const { rows } = await session.execute(OBJECTS, [schema]);
  const renamed = (text: string) => (schema === as ? text : text.replaceAll(schema, as));
  return new Map(
    (rows as { name: string; text: string }[]).map(({ name, text }) => [renamed(name), renamed(text)]),
  );
}

/** Names what of Keyward's schema is not as this version makes it; undefined where all is. Begins no other transaction. */
export async function foreignIn(session: PostgresSession, own: SchemaObjects): Promise<string | undefined> {
  await session.begin('read');
  try {
    return foreignAmong(await objectsOf(session, KEYWARD_SCHEMA, KEYWARD_SCHEMA), own);
  } finally {
    await session.rollback();
  }
}

/** Names the first object that is not as this version makes it; undefined where all is. */
export function foreignAmong(found: SchemaObjects, own: SchemaObjects): string | undefined {
  for (const [name, text] of found) {
    const expected = own.get(name);
    if (expected === undefined) return `${printable(name)} is not Keyward's`;
    if (expected !== text) return `${printable(name)} is not as Keyward makes it`;
  }
  const missing = [...own.keys()].find((name) => !found.has(name));
  return missing && `${printable(missing)} is missing`;
}
