import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { joinDatabase } from '../../../src/db/open-engine.ts';
import type { ArchiveDue } from '../../../src/kernel/ledger-search.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { chainFaultsIn, rowsIn } from '../../support/ledger-chain.ts';
import { openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { databaseOfTest, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { settingsFor } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { ALICE } from '../../support/registry-samples.ts';

const NOON = 1_760_000_000;
const DAY = 86_400;
const DUE: ArchiveDue = { committedBefore: NOON + DAY + 1, expiredBefore: NOON + DAY };
const FIRST = 'segment-000001.db';
const SUBJECTS = ['mallory', 'bob', 'mallory', 'eve', 'bob', 'eve'];

/** Two fronts, each with a folder of its own, in which the archive is the shared folder; six records in groups of two. */
async function fronts(shared = folderOfTest()) {
  const url = await databaseOfTest();
  const database = settingsFor(url);
  const join_ = async (archive: string) => {
    const archiveDir = join(folderOfTest(), 'ledger-archive');
    symlinkSync(archive, archiveDir);
    const owner = await joinDatabase(database, archiveDir);
    onTestFinished(() => owner.release());
    const { store } = await openTestStore({
      postgres: { url, database, owner },
      archiveDir,
      segmentRecords: 4,
    });
    store.judgeRuns(async ({ id, publicKey }) => ({ id, publicKey }));
    await owner.started();
    return store;
  };
  const first = await join_(shared);
  const second = await join_(shared);
  for (const n of [0, 2, 4]) {
    const pair = [n, n + 1].map((each) => issuanceRecord(each, { subject: String(SUBJECTS[each]) }));
    await Promise.all(pair.map((record) => first.records.append(record)));
  }
  return { url, shared, first, second, another: () => join_(mkdtemp()) };
}

function mkdtemp(): string {
  const path = join(folderOfTest(), 'another');
  mkdirSync(path);
  return path;
}

async function listed({ ledger }: TestStores) {
  const found: [string, boolean][] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = await ledger.search.page({}, { after, limit: 3 });
    found.push(...page.entries.map(({ jti, archived }): [string, boolean] => [jti, archived]));
    after = page.next;
  }
  return found;
}

const archived = (count: number) =>
  Array.from({ length: 6 }, (_, n): [string, boolean] => [`jti-${n}`, n < count]);

async function dropAll({ ledger }: TestStores): Promise<number> {
  let all = 0;
  for (let some = await ledger.archives.drop(); some > 0; some = await ledger.archives.drop()) all += some;
  return all;
}

/** The next segment that this front writes is whole, and is not told of before `goOn`. */
function heldAfterWriting({ ledger }: TestStores) {
  const { thread } = ledger.erasing;
  const call = thread.call.bind(thread);
  const [written, going] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  thread.call = async (...asks) => {
    thread.call = call;
    const answer = await call(...asks);
    written.resolve();
    await going.promise;
    return answer;
  };
  return { written: written.promise, goOn: () => going.resolve() };
}

describe.skipIf(NO_POSTGRES)(`the archive that fronts share, on ${POSTGRES}`, () => {
  it('is written by one and read by the other, which goes on where the first stops', async () => {
    const { first, second, shared } = await fronts();
    expect(await first.ledger.archives.seal(DUE)).toBe(4);
    expect(await dropAll(first)).toBe(4);
    for (const store of [first, second]) expect(await listed(store)).toEqual(archived(4));
    await first.close();
    expect(await second.ledger.archives.seal(DUE)).toBe(2);
    expect(await dropAll(second)).toBe(2);
    expect(await listed(second)).toEqual(archived(6));
    expect(readdirSync(shared)).toEqual([FIRST, 'segment-000002.db']);
    expect(await second.ledger.archives.missing()).toEqual([]);
  });

  it('has each record once where another takes over in the midst of a segment', async () => {
    const { first, second, shared, url } = await fronts();
    const held = heldAfterWriting(first);
    const late = first.ledger.archives.seal(DUE);
    await held.written;
    expect(await second.ledger.archives.seal(DUE)).toBe(4);
    expect(await dropAll(second)).toBe(4);
    held.goOn();
    expect(await late).toBe(0);
    // The one that was written first has the plain name, and is gone.
    expect(readdirSync(shared)).toEqual(['segment-000001.1.db']);
    expect(chainFaultsIn(join(shared, 'segment-000001.1.db'))).toEqual({ faults: [], uncovered: 0 });
    for (const store of [first, second]) expect(await listed(store)).toEqual(archived(4));
    expect(await first.ledger.archives.seal(DUE)).toBe(2);
    const session = await sessionOfTest(url);
    const { rows } = await session.transact('select number::int, file from ledger_archives order by number');
    expect(rows).toEqual([
      { number: 1, file: 'segment-000001.1.db' },
      { number: 2, file: 'segment-000002.db' },
    ]);
  });

  it('is left alone by what both do at the same time', async () => {
    const { first, second, shared } = await fronts();
    for (const expected of [4, 2, 0]) {
      const sealed = await Promise.all([first, second].map(({ ledger }) => ledger.archives.seal(DUE)));
      expect(sealed.toSorted((a, b) => b - a)).toEqual([expected, 0]);
      await Promise.all([first, second].map(dropAll));
      for (const { ledger } of [first, second]) expect(await ledger.archives.missing()).toEqual([]);
    }
    expect(readdirSync(shared)).toHaveLength(2);
    for (const store of [first, second]) expect(await listed(store)).toEqual(archived(6));
  });

  it('keeps no value that another front erased while a segment was written', async () => {
    const { first, second, shared } = await fronts();
    const held = heldAfterWriting(first);
    const late = first.ledger.archives.seal(DUE);
    await held.written;
    expect(await second.ledger.erasure.eraseSubject('mallory', ALICE)).toMatchObject({ records: 2 });
    held.goOn();
    expect(await late).toBe(0);
    expect(readdirSync(shared)).toEqual([]);
    expect(await first.ledger.archives.seal(DUE)).toBe(4);
    expect(readFileSync(join(shared, FIRST)).includes('mallory')).toBe(false);
    expect(rowsIn(join(shared, FIRST)).map(({ subject }) => subject)).toEqual([null, 'bob', null, 'eve']);
  });

  it('loses the values that two fronts erase from one segment at the same time, and keeps the others', async () => {
    const { first, second, shared } = await fronts();
    await first.ledger.archives.seal(DUE);
    await dropAll(first);
    const held = heldAfterWriting(first);
    const late = first.ledger.erasure.eraseSubject('mallory', ALICE);
    await held.written;
    expect(await second.ledger.erasure.eraseSubject('eve', ALICE)).toMatchObject({ records: 2 });
    held.goOn();
    expect(await late).toMatchObject({ records: 2 });
    const [file = '', ...others] = readdirSync(shared);
    expect(others).toEqual([]);
    expect(rowsIn(join(shared, file)).map(({ subject }) => subject)).toEqual([null, 'bob', null, null]);
    for (const store of [first, second]) {
      expect(await store.ledger.archives.missing()).toEqual([]);
      expect(await listed(store)).toEqual(archived(4));
    }
  });

  it('is removed once, and not while another puts a copy in the place of a file', async () => {
    const { first, second, shared } = await fronts();
    await first.ledger.archives.seal(DUE);
    await dropAll(first);
    const held = heldAfterWriting(second);
    const late = second.ledger.erasure.eraseSubject('mallory', ALICE);
    await held.written;
    expect(await first.ledger.archives.remove(() => true)).toBe(1);
    held.goOn();
    expect(await late).toMatchObject({ records: 0 });
    expect(readdirSync(shared)).toEqual([]);
    expect(await second.ledger.archives.remove(() => true)).toBe(0);
  });
});

describe.skipIf(NO_POSTGRES)(`a front on ${POSTGRES} whose archive is another folder`, () => {
  it('says which segments it lacks, answers nothing of them, and archives, drops and erases nothing', async () => {
    const { first, another, shared } = await fronts();
    await first.ledger.archives.seal(DUE);
    const alone = await another();
    expect(await alone.ledger.archives.missing()).toEqual([FIRST]);
    expect(await first.ledger.archives.missing()).toEqual([]);
    await expect(alone.ledger.archives.seal(DUE)).rejects.toMatchObject({ code: 'ledger_unavailable' });
    expect(await alone.ledger.archives.drop()).toBe(0);
    await expect(listed(alone)).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(alone.ledger.erasure.eraseSubject('mallory', ALICE)).rejects.toBeDefined();
    await expect(alone.ledger.archives.remove(() => true)).rejects.toMatchObject({ code: 'ledger_damaged' });
    expect(await listed(first)).toEqual(archived(4));
    expect(await first.ledger.archives.seal(DUE)).toBe(2);
    expect(readdirSync(shared)).toEqual([FIRST, 'segment-000002.db']);
  });
});
