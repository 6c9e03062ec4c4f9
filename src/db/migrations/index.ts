import type { Migration } from 'kysely/migration';
import { baseline } from './0001-baseline/index.ts';
import type { ColumnTypes } from './column-types.ts';

/** By name, in order (`names.ts`). A published migration is never edited: what changes gets the next number. */
export type Migrations = Readonly<Record<string, Migration>>;

/** Those of both engines. */
export function migrationsOf(types: ColumnTypes): Migrations {
  return { '0001-baseline': baseline(types) };
}

/**
 * What PostgreSQL still has and this version's code does not use, so that the next may drop it while fronts of this one
 * run: by the names of `SchemaObjects`, a function without its parameters.
 */
export const RETIRED: readonly string[] = [];
