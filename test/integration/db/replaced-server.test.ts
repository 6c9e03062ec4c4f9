import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuditLog } from '../../../src/audit/store/audit-log.ts';
import { SharedEnd } from '../../../src/db/chain-end.ts';
import { StoreFailure } from '../../../src/db/failure.ts';
import type { LedgerConnection } from '../../../src/db/ledger-connection.ts';
import type { RecordColumns } from '../../../src/db/ledger-row.ts';
import { OpenLedger } from '../../../src/db/open-ledger.ts';
import { walkGroups } from '../../../src/db/questions/walk-groups.ts';
import { walkRevocations } from '../../../src/db/questions/walk-revocations.ts';
import { statement } from '../../../src/db/rows.ts';
import { SqliteRows } from '../../../src/db/sqlite/sqlite-rows.ts';
import { AUDIT_GENESIS, type ChainHead } from '../../../src/kernel/audit-chain.ts';
import { LEDGER_START } from '../../../src/kernel/ledger-chain.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

const told = (subject: string) => ({ type: 'test', actor: 'ada', subject, requestId: null, details: {} });
const OF_GROUP_2 = statement<RecordColumns>('SELECT * FROM issuance_records WHERE group_sequence = 2');
const OF_SUBJECT = statement<ChainHead>('SELECT sequence, hash FROM audit_events WHERE subject = ?');
const UNCONFIRMED = new StoreFailure({ message: 'no standby', code: null, condition: 'unproven' });

/** Two servers of one cluster: they have group and event 1 in common, and another second one each. */
async function twoServers() {
  const first = await openTestStore();
  await first.store.records.append(issuanceRecord(1));
  await first.store.audit.record(told('first'));
  await first.store.close();
  const files = { replaced: first.file, current: `${first.file}.current` };
  copyFileSync(files.replaced, files.current);
  const runs = [first.store.run];
  for (const [n, file] of Object.values(files).entries()) {
    const { store } = await openTestStore({ file });
    for (const more of [2, 3]) {
      await store.records.append(issuanceRecord(10 * n + more));
      await store.audit.record(told(`${n} ${more}`));
    }
    runs.push(store.run);
    await store.close();
  }
  let server: keyof typeof files = 'replaced';
  let confirmed = 0;
  let isConfirmed = true;
  const connection: LedgerConnection = {
    async read(read) {
      const db = new DatabaseSync(files[server], { readOnly: true });
      onTestFinished(() => db.close());
      return await read(new SqliteRows(db));
    },
    async confirmServer() {
      if (!isConfirmed) throw UNCONFIRMED;
      confirmed += 1;
    },
    close() {},
  };
  const archiveDir = join(dirname(first.file), 'ledger-archive');
  const ledger = new OpenLedger({ archiveDir, runs, end: new SharedEnd().memory }, connection);
  return {
    ledger,
    files,
    promote: () => {
      server = 'current';
    },
    loseStandbys: () => {
      isConfirmed = false;
    },
    confirmed: () => confirmed,
    groups: (after = LEDGER_START, mostRows = 100) =>
      walkGroups(ledger, { after, end: undefined, mostRows, round: 0 }),
    secondEvent: () =>
      connection.read(async (rows) => (await rows.all(OF_SUBJECT, '0 2'))[0] ?? AUDIT_GENESIS),
    events: (after = AUDIT_GENESIS) => walkRevocations(ledger, { after, now: null, seen: AUDIT_GENESIS }),
    flawsOfGroup2: () =>
      connection.read(async (rows) => ledger.groups.flawsOf(rows, await rows.all(OF_GROUP_2), false)),
  };
}

describe('what was read of a server that was replaced', () => {
  it('breaks no chain: a walk begins again', async () => {
    const { groups, events, secondEvent, promote, confirmed } = await twoServers();
    const [group, event] = [(await groups(LEDGER_START, 2)).at, await secondEvent()];
    expect([group.sequence, confirmed()]).toEqual([2, 0]);
    promote();
    expect(await groups(group)).toMatchObject({ at: LEDGER_START, broken: [], isEnd: false });
    expect(await events(event)).toMatchObject({ at: AUDIT_GENESIS, broken: undefined, isEnd: false });
    expect(confirmed()).toBe(2);
    expect(await groups()).toMatchObject({ at: { sequence: 3 }, broken: [], isEnd: true });
    expect(await events()).toMatchObject({ broken: undefined, isEnd: true });
  });

  it('is not told of where no server can be confirmed', async () => {
    const { groups, events, files, loseStandbys } = await twoServers();
    query(files.replaced, 'UPDATE ledger_groups SET committed_at = 1 WHERE sequence = 2 RETURNING 1');
    query(files.replaced, `UPDATE audit_events SET subject = 'x' WHERE subject = 'first' RETURNING 1`);
    loseStandbys();
    await expect(groups()).rejects.toBe(UNCONFIRMED);
    await expect(events()).rejects.toBe(UNCONFIRMED);
  });

  it('hides nothing that does not hold on the one that commits', async () => {
    const { groups, events, files, promote, confirmed } = await twoServers();
    promote();
    query(files.current, 'UPDATE ledger_groups SET committed_at = 1 WHERE sequence = 2 RETURNING 1');
    query(files.current, `UPDATE audit_events SET subject = 'x' WHERE subject = 'first' RETURNING 1`);
    expect((await groups()).broken[0]?.place).toBe('group 2');
    expect((await events()).broken?.place).toMatch(/^event \d+$/);
    expect(confirmed()).toBe(2);
  });

  it('makes no record of another count for nothing', async () => {
    const { flawsOfGroup2, files, promote } = await twoServers();
    expect(await flawsOfGroup2()).toEqual([undefined]);
    promote();
    expect(await flawsOfGroup2()).toEqual([undefined]);
    query(files.current, `UPDATE issuance_records SET subject = 'eve' WHERE group_sequence = 2 RETURNING 1`);
    expect(await flawsOfGroup2()).toEqual([expect.any(String)]);
  });

  it('is told to no sink: the trail is read up to the end that was committed', async () => {
    const { store } = await openTestStore();
    for (const subject of ['first', 'second', 'third']) await store.audit.record(told(subject));
    const [, second] = await store.audit.eventsAfter(0, 9);
    const upTo = (hash: Uint8Array) => {
      const auditEnd = { sequence: second?.sequence ?? 0, hash };
      const writer = { ...store.writer, auditEnd, transaction: store.writer.transaction };
      return createAuditLog({ ...store, writer, clock: NOON, host: 'a' }).eventsAfter(0, 9);
    };
    const all = await upTo(second?.hash ?? new Uint8Array());
    expect(all.map(({ subject }) => subject)).toEqual(['first', 'second']);
    await expect(upTo(new Uint8Array(32))).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
