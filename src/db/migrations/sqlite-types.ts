import { type ColumnBuilderCallback, sql } from 'kysely';

/*
 * What the schema has of SQLite alone. Another engine needs these names with values of its own; the baseline stays
 * as it is.
 */

/** UTF-8, compared byte by byte. */
export const text = 'text';
/** Text, not a JSON type: signatures and hashes cover its bytes. */
export const json = 'text';
export const bytes = 'blob';
/** A whole number from 0 to 2^53 - 1. */
export const count = 'integer';
/** Seconds since the epoch. */
export const seconds = 'integer';
/** 0 or 1. */
export const flag = 'integer';

/** The primary key of a row whose number the engine chooses. */
export const assigned: ColumnBuilderCallback = (column) => column.primaryKey().notNull();

/** At the end of each table: a value has the type of its column. */
export const strict = sql`strict`;

/** The slot of a record (`ledger-row.ts`) in an index. */
export const recordSlot = sql`iat >> 4`;
