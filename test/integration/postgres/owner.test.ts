import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DatabaseOwner } from '../../../src/db/engine.ts';
import { ownDatabase } from '../../../src/db/open-engine.ts';
import { openStore } from '../../../src/db/open-store.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { ownedPostgres } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';

const HOLDER = `select pid from pg_locks
  where locktype = 'advisory' and classid = 4712 and granted
    and database = (select oid from pg_database where datname = current_database())`;

/** Of the table of owners before there was any. */
const BEFORE = `owner = '', holder = ''`;

describe.skipIf(NO_POSTGRES)(`who has a database on ${POSTGRES}`, () => {
  it('leads at once where it was given back, and keeps others out', async () => {
    const { database, owner } = await ownedPostgres();
    await expect(ownDatabase(database)).rejects.toMatchObject({ code: 'database_in_use' });
    await owner.release();
    const next = await ownDatabase(database);
    onTestFinished(() => next.release());
    expect(next.leads()).toBe(true);
    expect(next.former).toBe(owner.id);
    expect(next.id).not.toBe(owner.id);
  });

  it('tells its host before the database names it, so that a start which fails then leaves no doubt', async () => {
    const { database, owner } = await ownedPostgres();
    const archiveDir = join(folderOfTest(), 'ledger-archive');
    await owner.release();
    const open = async () => {
      const next = await ownDatabase(database, archiveDir);
      onTestFinished(() => next.release());
      return next;
    };
    const isWhole = async (of: DatabaseOwner) => {
      const store = await openStore({
        ...{ database, owner: of, archiveDir, clock: NOON },
        ...{ queueLimit: 1, onEvent: () => {} },
      });
      await store.close();
      return store.mark.isWhole;
    };
    const first = await open();
    expect(await isWhole(first)).toBe(true);
    await first.release();
    const failed = await open();
    await failed.release();
    const third = await open();
    expect(third.former).toBe(failed.id);
    expect(await isWhole(third)).toBe(true);
    await third.release();
    const elsewhere = await ownDatabase(database);
    await elsewhere.release();
    expect(await isWhole(await open())).toBe(false);
  });

  it('learns that another has taken it, and never takes it back', async () => {
    const { database, owner, url } = await ownedPostgres();
    const session = await sessionOfTest(url);
    const cut = async () => {
      const { rows } = await session.transact(HOLDER);
      await session.transact('select pg_terminate_backend($1)', [rows[0]?.pid]);
    };
    // The connection of the first is lost, and the second comes before it is back; now and then the first is quicker.
    let other: DatabaseOwner | undefined;
    while (!other) {
      const taking = ownDatabase(database).catch(() => undefined);
      await pause(100);
      await cut();
      other = await taking;
    }
    const second = other;
    onTestFinished(() => second.release());
    await owner.lost;
    expect(owner.leads()).toBe(false);
    await cut();
    await expect.poll(async () => (await session.transact(HOLDER)).rows.length, { timeout: 60_000 }).toBe(1);
    await pause(100);
    expect(owner.leads()).toBe(false);
    await expect.poll(() => second.leads(), { timeout: 60_000 }).toBe(true);
  });

  it('writes nothing for a front whose ownership a promoted copy never had, once that has another owner', async () => {
    const { database, owner, url } = await ownedPostgres();
    const session = await sessionOfTest(url);
    const { store: former } = await openTestStore({ postgres: { database, owner, url } });
    // As the copy has it: the change by which the first took the database is not there.
    await session.transact(`update slots set ${BEFORE} where slot > 0`);
    await owner.lost;
    const next = await ownDatabase(database);
    onTestFinished(() => next.release());
    const { store } = await openTestStore({ postgres: { database, owner: next, url } });
    const refused = { code: 'store_unavailable', cause: { condition: 'moved' } };
    await expect(former.records.append(issuanceRecord(1))).rejects.toMatchObject(refused);
    await expect(former.writer.transaction(async () => {})).rejects.toMatchObject(refused);
    await store.records.append(issuanceRecord(1));
    await store.writer.transaction(async () => {});
  });
});
