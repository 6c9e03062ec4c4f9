import { describe, expect, it } from 'vitest';
import { refuseUnlessDurable } from '../../../src/db/sqlite/database-file.ts';

const DURABLE = { journalMode: 'wal', synchronous: 2, foreignKeys: true, sqliteVersion: '3' };

describe('refuseUnlessDurable', () => {
  it('takes a connection that reads back FULL, WAL and foreign keys', () => {
    expect(() => refuseUnlessDurable(DURABLE)).not.toThrow();
  });

  it.each([
    { synchronous: 0 },
    { synchronous: 1 },
    { journalMode: 'delete' },
    { journalMode: 'memory' },
    { foreignKeys: false },
  ])('refuses one that reads back %o', (change) => {
    expect(() => refuseUnlessDurable({ ...DURABLE, ...change })).toThrow(/^the database is not durable: /);
  });
});
