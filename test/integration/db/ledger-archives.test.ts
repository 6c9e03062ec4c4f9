import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchiveDue } from '../../../src/kernel/ledger-search.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { chainFaultsIn, groupsIn, rowsIn } from '../../support/ledger-chain.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';

const NOON = 1_760_000_000;
const DAY = 86_400;
/** All that was committed at noon is due. */
const DUE: ArchiveDue = { committedBefore: NOON + DAY + 1, expiredBefore: NOON + DAY };

/** Six records in groups of two. */
async function recordedStore(segmentRecords = 4) {
  const { store, file } = await openTestStore({ segmentRecords });
  for (const n of [0, 2, 4]) {
    const pair = [issuanceRecord(n), issuanceRecord(n + 1, { kid: 'kid-2' })];
    await Promise.all(pair.map((record) => store.records.append(record)));
  }
  const { archives, search } = store.ledger;
  const dropAll = async () => {
    const dropped: number[] = [];
    for (let some = await archives.drop(); some > 0; some = await archives.drop()) dropped.push(some);
    return dropped;
  };
  const listed = async () => {
    const found: [string, boolean][] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page = await search.page({}, { after, limit: 3 });
      found.push(...page.entries.map(({ jti, archived }): [string, boolean] => [jti, archived]));
      after = page.next;
    }
    return found;
  };
  const folder = join(dirname(file), 'ledger-archive');
  return { store, file, folder, archives, dropAll, listed };
}

const first = 'segment-000001.db';
const archived = (count: number) =>
  Array.from({ length: 6 }, (_, n): [string, boolean] => [`jti-${n}`, n < count]);

describe('sealing', () => {
  it('copies whole groups, up to the size of a segment, and names what it holds', async () => {
    const { file, folder, archives } = await recordedStore(5);
    expect(await archives.seal(DUE)).toBe(4);
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, first)))
      .digest();
    expect(query(file, 'SELECT * FROM ledger_archives')).toEqual([
      {
        number: 1,
        file: first,
        file_digest: new Uint8Array(digest),
        first_group: 1,
        last_group: 2,
        first_record: 1,
        last_record: 4,
        last_exp: NOON + 303,
        kids_json: '["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs","kid-2"]',
        sealed_at: NOON,
        removed_at: null,
      },
    ]);
    expect(auditEventsIn(file)).toEqual([
      {
        type: 'ledger.archived',
        actor: 'keyward',
        subject: 'ledger_archive:1',
        requestId: null,
        details: {
          file: first,
          file_digest: digest.toString('base64url'),
          groups: [1, 2],
          records: [1, 4],
          last_exp: NOON + 303,
          kids: ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'kid-2'],
          sealed_at: NOON,
        },
      },
    ]);
    expect(statSync(join(folder, first)).mode & 0o777).toBe(0o400);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(chainFaultsIn(join(folder, first))).toEqual({ faults: [], uncovered: 0 });
  });

  it('goes on after the segment before, until none are due', async () => {
    const { archives, folder } = await recordedStore();
    expect([await archives.seal(DUE), await archives.seal(DUE), await archives.seal(DUE)]).toEqual([4, 2, 0]);
    expect(readdirSync(folder)).toEqual([first, 'segment-000002.db']);
  });

  it('makes a segment of its own of a group that is larger than one', async () => {
    const { archives } = await recordedStore(1);
    expect([await archives.seal(DUE), await archives.seal(DUE)]).toEqual([2, 2]);
  });

  it.each<[string, Partial<ArchiveDue>]>([
    ['committed less than a day before the time', { committedBefore: NOON + DAY }],
    ['with a token that expires later', { expiredBefore: NOON + 301 }],
  ])('leaves groups %s, and no file', async (_, change) => {
    const { archives, folder } = await recordedStore();
    expect(await archives.seal({ ...DUE, ...change })).toBe(0);
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  });

  it('stops before a group whose tokens have not expired', async () => {
    const { archives } = await recordedStore();
    expect(await archives.seal({ ...DUE, expiredBefore: NOON + 302 })).toBe(2);
  });

  it('refuses a group that is not as it was committed, and leaves no file', async () => {
    const { archives, folder, file } = await recordedStore();
    query(file, `UPDATE issuance_records SET jti = 'x' WHERE sequence = 3 RETURNING 1`);
    await expect(archives.seal(DUE)).rejects.toMatchObject({
      code: 'ledger_damaged',
      message: 'ledger group 2 is not as it was committed',
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(query(file, 'SELECT * FROM ledger_archives')).toEqual([]);
  });

  it('writes over nothing that a crash left, or that another front is writing', async () => {
    const { archives, folder, listed } = await recordedStore();
    await archives.seal(DUE);
    const left = ['segment-000002.db', 'segment-000002.db.part'];
    for (const name of left) writeFileSync(join(folder, name), 'cut short');
    expect(await archives.seal(DUE)).toBe(2);
    expect(readdirSync(folder)).toEqual([first, 'segment-000002.1.db', ...left]);
    for (const name of left) expect(readFileSync(join(folder, name), 'utf8')).toBe('cut short');
    expect(await listed()).toEqual(archived(6));
  });

  it('stops where a segment before is not there', async () => {
    const { archives, folder } = await recordedStore();
    await archives.seal(DUE);
    expect(await archives.missing()).toEqual([]);
    renameSync(join(folder, first), join(folder, 'elsewhere'));
    expect(await archives.missing()).toEqual([first]);
    await expect(archives.seal(DUE)).rejects.toMatchObject({
      code: 'ledger_unavailable',
      message: expect.stringContaining(`${first} is not in ledger.archive_dir`),
    });
    expect(readdirSync(folder)).toEqual(['elsewhere']);
    renameSync(join(folder, 'elsewhere'), join(folder, first));
    expect(await archives.seal(DUE)).toBe(2);
  });
});

describe('dropping', () => {
  it('deletes what is sealed and nothing else; the groups stay', async () => {
    const { archives, file, dropAll } = await recordedStore();
    expect(await dropAll()).toEqual([]);
    await archives.seal(DUE);
    expect(await dropAll()).toEqual([4]);
    expect(rowsIn(file).map(({ sequence }) => sequence)).toEqual([5, 6]);
    expect(groupsIn(file)).toHaveLength(3);
    expect(query(file, 'SELECT group_sequence FROM ledger_row_hashes')).toEqual([{ group_sequence: 3 }]);
  });

  it('takes small steps', async () => {
    const { store, archives, dropAll } = await recordedStore(1_000);
    await Promise.all(Array.from({ length: 500 }, (_, n) => store.records.append(issuanceRecord(n + 10))));
    expect(await archives.seal({ ...DUE, expiredBefore: NOON + DAY })).toBe(506);
    expect(await dropAll()).toEqual([200, 200, 106]);
  });

  it('leaves the ledger able to go on', async () => {
    const { store, archives, file, dropAll } = await recordedStore();
    await archives.seal(DUE);
    await archives.seal(DUE);
    await dropAll();
    await store.records.append(issuanceRecord(7));
    expect(rowsIn(file).map(({ sequence, groupSequence }) => [sequence, groupSequence])).toEqual([[7, 4]]);
  });
});

describe('look-ups', () => {
  it('find each record once, wherever it lies', async () => {
    const { archives, dropAll, listed } = await recordedStore();
    expect(await listed()).toEqual(archived(0));
    await archives.seal(DUE);
    expect(await listed()).toEqual(archived(4));
    await dropAll();
    expect(await listed()).toEqual(archived(4));
    await archives.seal(DUE);
    await dropAll();
    expect(await listed()).toEqual(archived(6));
  });
});

describe('removing', () => {
  it('removes the segments that fit, for good, and keeps their groups', async () => {
    const { archives, folder, file, listed, dropAll } = await recordedStore();
    await archives.seal(DUE);
    await archives.seal(DUE);
    await dropAll();
    const seen: (readonly string[])[] = [];
    const firstOnly = ({ kids }: { kids: readonly string[] }) => seen.push(kids) === 1;
    expect(await archives.remove(firstOnly)).toBe(1);
    expect(seen).toEqual(Array(2).fill(['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'kid-2']));
    expect(readdirSync(folder)).toEqual(['segment-000002.db']);
    expect(await listed()).toEqual(archived(6).slice(4));
    expect(groupsIn(file)).toHaveLength(3);
    expect(auditEventsIn(file).at(-1)).toEqual({
      type: 'ledger.archive_removed',
      actor: 'keyward',
      subject: 'ledger_archive:1',
      requestId: null,
      details: { file: first, removed_at: NOON },
    });
    expect(await archives.remove(() => false)).toBe(0);
  });

  it('sweeps up what a crash left, and leaves what is not its own', async () => {
    const { archives, folder } = await recordedStore();
    await archives.seal(DUE);
    const old = ['segment-000001.1.db', 'segment-000001.db.00ff.part', 'segment-000002.db.part', 'notes.txt'];
    const young = ['segment-000001.2.db', 'segment-000002.db.01.part'];
    for (const name of [...old, ...young]) {
      const path = join(folder, name);
      writeFileSync(path, '');
      chmodSync(path, 0o400);
      utimesSync(path, NOON, NOON - (old.includes(name) ? DAY + 1 : DAY - 1));
    }
    expect(await archives.remove(() => false)).toBe(0);
    expect(readdirSync(folder)).toEqual(['notes.txt', 'segment-000001.2.db', first, young[1]]);
  });

  it('leaves a file of a segment that is still to come', async () => {
    const { archives, folder } = await recordedStore();
    await archives.seal(DUE);
    copyFileSync(join(folder, first), join(folder, 'segment-000009.db'));
    utimesSync(join(folder, 'segment-000009.db'), NOON, NOON - 9 * DAY);
    expect(await archives.remove(() => false)).toBe(0);
    expect(readdirSync(folder)).toEqual([first, 'segment-000009.db']);
  });

  it('has nothing to do before the first segment', async () => {
    const { archives } = await recordedStore();
    expect(await archives.remove(() => true)).toBe(0);
  });
});

describe('a table of segments that somebody wrote into', () => {
  const damaged = { code: 'ledger_damaged', message: 'segment 1 is not as the audit trail has it' };
  const EDITS: readonly (readonly [what: string, sql: string])[] = [
    ['no keys', "UPDATE ledger_archives SET kids_json = '[]'"],
    ['an earlier end of its tokens', 'UPDATE ledger_archives SET last_exp = 1'],
    ['a later last record', 'UPDATE ledger_archives SET last_record = 6'],
    ['a later last group', 'UPDATE ledger_archives SET last_group = 3'],
    ['a removal', 'UPDATE ledger_archives SET removed_at = 1'],
    ['the file of another', "UPDATE ledger_archives SET file = 'segment-000002.db'"],
    ['a file elsewhere', "UPDATE ledger_archives SET file = '../keyward.db'"],
    ['another digest', 'UPDATE ledger_archives SET file_digest = zeroblob(32)'],
    ['another number', 'UPDATE ledger_archives SET number = 7'],
    ['nothing of it', 'DELETE FROM ledger_archives'],
  ];

  it.each(EDITS)('with %s deletes neither files nor records, and is named', async (_what, sql) => {
    const { archives, folder, file } = await recordedStore();
    await archives.seal(DUE);
    query(file, `${sql} RETURNING 1`);
    await expect(archives.remove(() => true)).rejects.toMatchObject({ code: 'ledger_damaged' });
    await expect(archives.drop()).rejects.toMatchObject({ code: 'ledger_damaged' });
    await expect(archives.seal(DUE)).rejects.toMatchObject({ code: 'ledger_damaged' });
    expect(readdirSync(folder)).toEqual([first]);
    expect(existsSync(file)).toBe(true);
    expect(rowsIn(file)).toHaveLength(6);
  });

  it('is asked what it held by the audit event alone', async () => {
    const { archives, file } = await recordedStore();
    await archives.seal(DUE);
    query(file, "UPDATE ledger_archives SET kids_json = '[]' RETURNING 1");
    const seen: unknown[] = [];
    await expect(archives.remove((segment) => seen.push(segment) > 0)).rejects.toMatchObject(damaged);
    expect(seen).toEqual([]);
  });

  it('counts an audit event only with the seal of a run', async () => {
    const { archives, file } = await recordedStore();
    await archives.seal(DUE);
    query(file, "UPDATE audit_events SET seal = zeroblob(64) WHERE type = 'ledger.archived' RETURNING 1");
    await expect(archives.remove(() => true)).rejects.toMatchObject(damaged);
  });

  it.each([
    ['a path out of the folder', `file = '../keyward.db'`],
    ['another name', `file = 'segment-000009.db'`],
    ['a removal', 'removed_at = 1'],
    ['other records', 'first_record = 900, last_record = 999'],
  ])('is not asked where a record lies: %s', async (_, set) => {
    const { archives, listed, dropAll, file } = await recordedStore();
    await archives.seal(DUE);
    await dropAll();
    query(file, `UPDATE ledger_archives SET ${set} RETURNING 1`);
    expect(await listed()).toEqual(archived(4));
  });

  it('hides no record by a segment that was never sealed, nor by one that it does not list', async () => {
    const { archives, listed, dropAll, file } = await recordedStore();
    query(
      file,
      `INSERT INTO ledger_archives (number, file, file_digest, first_group, last_group, first_record, last_record, last_exp, kids_json, sealed_at)
       VALUES (1, '../keyward.db', zeroblob(32), 1, 3, 1, 6, 1, '[]', 1) RETURNING 1`,
    );
    expect(await listed()).toEqual(archived(0));
    query(file, 'DELETE FROM ledger_archives RETURNING 1');
    await archives.seal(DUE);
    await dropAll();
    query(file, 'DELETE FROM ledger_archives RETURNING 1');
    expect(await listed()).toEqual(archived(4));
  });

  it('is believed in nothing that an event without a seal tells', async () => {
    const { archives, listed, file } = await recordedStore();
    await archives.seal(DUE);
    query(
      file,
      `UPDATE audit_events SET details_json = replace(details_json, '"records":[1,4]', '"records":[1,6]')
       WHERE type = 'ledger.archived' RETURNING 1`,
    );
    expect(await listed()).toEqual(archived(0));
  });

  it('keeps records whose segment is not the file that was sealed', async () => {
    const { archives, folder, file } = await recordedStore();
    await archives.seal(DUE);
    chmodSync(join(folder, first), 0o600);
    writeFileSync(join(folder, first), 'something else');
    expect(await archives.drop()).toBe(0);
    await expect(archives.remove(() => true)).rejects.toMatchObject(damaged);
    expect(rowsIn(file)).toHaveLength(6);
    expect(readdirSync(folder)).toEqual([first]);
  });
});
