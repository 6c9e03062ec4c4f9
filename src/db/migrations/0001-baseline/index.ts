import type { Migration } from 'kysely/migration';
import { createAccess } from './access.ts';
import { createEvents } from './events.ts';
import { createKeys } from './keys.ts';
import { createRecords } from './records.ts';

export const baseline: Migration = {
  async up(db) {
    for (const create of [createKeys, createAccess, createRecords, createEvents]) await create(db);
  },
};
