import { sql } from 'kysely';
import type { ColumnTypes } from './column-types.ts';

/** Whatever collation the database was made with. */
const text = sql`text collate "C"`;

export const POSTGRES_TYPES: ColumnTypes = {
  text,
  json: text,
  bytes: 'bytea',
  count: 'bigint',
  seconds: 'bigint',
  flag: 'smallint',
  // A row that is brought from another database keeps its number.
  assigned: (column) => column.primaryKey().notNull().generatedByDefaultAsIdentity(),
  // PostgreSQL converts nothing unasked.
  strict: sql``,
  recordSlot: sql`(iat >> 4)`,
};
