import { type RawBuilder, type SqlBool, sql } from 'kysely';

/**
 * Whether a column of text has that text in it, letter for letter; null for a null. It finds rows that may be meant,
 * where only reading their JSON tells.
 */
export function mentions(column: string, text: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`replace(${sql.ref(column)}, ${text}, '') <> ${sql.ref(column)}`;
}

/** The same for a text in small letters of ASCII, whichever case the column has them in. */
export function mentionsAnyCase(column: string, text: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`replace(lower(${sql.ref(column)}), ${text}, '') <> lower(${sql.ref(column)})`;
}
