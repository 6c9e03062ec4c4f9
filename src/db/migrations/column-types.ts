import {
  type ColumnBuilderCallback,
  type ColumnDataType,
  type Expression,
  type RawBuilder,
  sql,
} from 'kysely';

type DataType = ColumnDataType | Expression<unknown>;

/** What a schema has of one engine alone: a migration is told, and is the same for all. */
export interface ColumnTypes {
  /** UTF-8, compared byte by byte. */
  readonly text: DataType;
  /** Text, not a JSON type: signatures and hashes cover its bytes. */
  readonly json: DataType;
  readonly bytes: DataType;
  /** A whole number from 0 to 2^53 - 1. */
  readonly count: DataType;
  /** Seconds since the epoch. */
  readonly seconds: DataType;
  /** 0 or 1. */
  readonly flag: DataType;
  /** The primary key of a row whose number the engine chooses. */
  readonly assigned: ColumnBuilderCallback;
  /** At the end of each table: a value has the type of its column. */
  readonly strict: RawBuilder<unknown>;
  /** The slot of a record (`ledger-row.ts`) in an index. */
  readonly recordSlot: RawBuilder<unknown>;
}

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

/** Whatever collation the database was made with. */
const postgresText = sql`text collate "C"`;

export const POSTGRES_TYPES: ColumnTypes = {
  text: postgresText,
  json: postgresText,
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
