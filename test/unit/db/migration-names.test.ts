import { describe, expect, it } from 'vitest';
import { codeOf, excluding, oldestCodeOf } from '../../../src/db/migrations/names.ts';
import { POSTGRES_MIGRATIONS } from '../../../src/db/postgres/own-objects.ts';
import { SQLITE_MIGRATIONS } from '../../../src/db/sqlite/own-schema.ts';

const NAMES = ['0001-baseline', '0002-adds', '0003-drops-needs-0002'];

it('code has the number of the newest migration that it knows', () => {
  expect([codeOf([]), codeOf(NAMES.slice(0, 2)), codeOf(NAMES)]).toEqual([0, 2, 3]);
});

it('a migration says which code is too old for it, also to code that does not know it', () => {
  expect(excluding(NAMES, 1)).toBe('0003-drops-needs-0002');
  expect(excluding(NAMES, 2)).toBeUndefined();
  expect([oldestCodeOf(NAMES.slice(0, 2)), oldestCodeOf(NAMES)]).toEqual([0, 2]);
});

it.each(['needs-0009', '0003-needs-0009', '0003-x-needs-9', '0003-x-needs-0009-y', '0003-x-needs-0009\n'])(
  'a name of another form asks for nothing: %j',
  (name) => expect(excluding([name], 1)).toBeUndefined(),
);

it('both engines have the same: a copy from one to the other holds them against each other', () => {
  expect(Object.keys(POSTGRES_MIGRATIONS)).toEqual(Object.keys(SQLITE_MIGRATIONS));
});

describe.each([
  ['SQLite', SQLITE_MIGRATIONS],
  ['PostgreSQL', POSTGRES_MIGRATIONS],
])('of %s', (_engine, migrations) => {
  const names = Object.keys(migrations);

  it('each has such a name, and asks for no code newer than the one before it', () => {
    for (const name of names) {
      expect(name).toMatch(/^\d{4}-[a-z0-9-]+$/);
      expect(name).not.toMatch(/needs(?!-\d{4}$)/);
      expect(oldestCodeOf([name])).toBeLessThan(codeOf([name]));
    }
  });

  it('they stand in their order', () => expect(names).toEqual([...names].sort()));
});
