import { sql } from 'kysely';
import type { ColumnTypes } from './column-types.ts';

export const SQLITE_TYPES: ColumnTypes = {
  text: 'text',
  json: 'text',
  bytes: 'blob',
  count: 'integer',
  seconds: 'integer',
  flag: 'integer',
  assigned: (column) => column.primaryKey().notNull(),
  strict: sql`strict`,
  recordSlot: sql`iat >> 4`,
};
