import { type ColumnDefinitionBuilder, sql } from 'kysely';

type Column = ColumnDefinitionBuilder;

/* Each of these leaves no null in its column. */

export const required = (column: Column) => column.notNull();

export const primary = (column: Column) => column.primaryKey().notNull();

export const unique = (column: Column) => column.notNull().unique();

/** The primary key of a table of one row. */
export const onlyRow = (column: Column) => primary(column).check(sql`id = 1`);

/** A SHA-256 digest. */
export const hash32 = (name: string) => (column: Column) =>
  column.notNull().check(sql`length(${sql.ref(name)}) = 32`);

export const oneOf =
  (name: string, ...values: readonly string[]) =>
  (column: Column) =>
    column.notNull().check(sql`${sql.ref(name)} in (${sql.join(values.map((value) => sql.lit(value)))})`);

/** Refers to a row of that table. */
export const idOf = (table: string) => (column: Column) => column.notNull().references(`${table}.id`);
