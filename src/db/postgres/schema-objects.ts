import { printable } from '../../lib/html.ts';
import type { Session } from '../session-dialect.ts';
import { isHarmless, isWider } from './newer-schema.ts';
import type { OwnSchema, SchemaObjects } from './own-schema.ts';
import type { PostgresSession } from './session.ts';

/** All that is Keyward's lies there. */
export const KEYWARD_SCHEMA = 'keyward';

/** A migration is run by whoever comes first; what it says of others is in its name. */
export const MIGRATIONS_RUN = 'SELECT name FROM kysely_migration ORDER BY name';

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
export async function foreignIn(session: PostgresSession, own: OwnSchema): Promise<string | undefined> {
  await session.begin('read');
  try {
    const { rows } = await session.execute(MIGRATIONS_RUN, []);
    const run = (rows as { name: string }[]).map(({ name }) => name);
    return foreignAmong(await objectsOf(session, KEYWARD_SCHEMA, KEYWARD_SCHEMA), own, run);
  } finally {
    await session.rollback();
  }
}

/**
 * Names the first object that is not as this version makes it; undefined where all is. `run`: the migrations that were. Of
 * a newer version are others, too: then what that may have added is passed over, and what this code does not use.
 */
export function foreignAmong(
  found: SchemaObjects,
  { objects, migrations, retired }: OwnSchema,
  run: readonly string[],
): string | undefined {
  const isNewer = run.some((name) => !migrations.includes(name));
  for (const [name, text] of found) {
    const expected = objects.get(name);
    if (expected === text) continue;
    if (expected === undefined) {
      if (!isNewer || !isHarmless(name, text, objects)) return `${printable(name)} is not Keyward's`;
    } else if (!isNewer || !isWider(text, expected)) return `${printable(name)} is not as Keyward makes it`;
  }
  const missing = [...objects.keys()].find(
    (name) => !found.has(name) && !(isNewer && retired.includes(bareName(name))),
  );
  return missing && `${printable(missing)} is missing`;
}

/** Of a function without its parameters, and of what the catalogue lists beside it the same. */
function bareName(name: string): string {
  return name.replace(/^object (?=function |table |sequence )/, '').replace(/\(.*$/s, '');
}
