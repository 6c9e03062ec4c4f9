import type { Migration } from 'kysely/migration';
import type { ColumnTypes } from '../column-types.ts';
import { createAccess } from './access.ts';
import { createEvents } from './events.ts';
import { createKeys } from './keys.ts';
import { createRecords } from './records.ts';

export function baseline(types: ColumnTypes): Migration {
  return {
    async up(db) {
      for (const create of [createKeys, createAccess, createRecords, createEvents]) await create(db, types);
    },
  };
}
