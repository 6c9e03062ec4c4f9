import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FaultyProxy } from '../../../scripts/history/proxy.ts';
import { appendAuditEvent } from '../../../src/db/append-audit-event.ts';
import { raiseFence } from '../../../src/db/chain-end.ts';
import type { PostgresSettings } from '../../../src/db/database-settings.ts';
import type { DatabaseOwner } from '../../../src/db/engine.ts';
import { joinDatabase, ownDatabase } from '../../../src/db/open-engine.ts';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import { revocationsAfter } from '../../../src/revocation/store.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore, type TestStore } from '../../support/open-test-store.ts';
import { databaseOfTest, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { settingsFor } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { replicatedOfTest } from '../../support/postgres/servers-of-test.ts';

const RULE = {
  ...{ scopeId: 'payments', jti: null, root: null, clientId: 'login', issuedFrom: null, issuedUntil: null },
  ...{ lapsesAt: null, createdAt: 1, revokedBy: 'test', reason: '' },
};
const EVENT = { actor: 'test', subject: 'test', requestId: null, details: {} };

interface Front extends Pick<TestStore, 'store' | 'events'> {
  readonly owner: DatabaseOwner;
}

/** Fronts in this process that share one database; `join` adds one. */
async function fronts(given?: { readonly url: string; readonly copies: number }) {
  const url = given?.url ?? (await databaseOfTest());
  const database = settingsFor(url, given?.copies);
  const join = async (own: Partial<PostgresSettings> = {}): Promise<Front> => {
    const owner = await joinDatabase({ ...database, ...own }, `${folderOfTest()}/ledger-archive`);
    onTestFinished(() => owner.release());
    const { store, events } = await openTestStore({ postgres: { url, database, owner } });
    // Every run of the test counts, as if the audit key had certified it.
    store.judgeRuns(async ({ id, publicKey }) => ({ id, publicKey }));
    await owner.started();
    return { owner, store, events };
  };
  return { url, database, join, first: await join(), second: await join() };
}

describe.skipIf(NO_POSTGRES)(`several fronts on ${POSTGRES}`, () => {
  it('append to one ledger in turn, and find what each recorded', async () => {
    const { first, second, url } = await fronts();
    for (let n = 0; n < 12; n += 1) {
      const { store } = n % 3 === 0 ? second : first;
      await store.records.append(issuanceRecord(n));
    }
    const both = [first, second].map(({ store }, at) =>
      Promise.all(
        Array.from({ length: 40 }, (_, n) => store.records.append(issuanceRecord(100 * (at + 1) + n))),
      ),
    );
    await Promise.all(both);
    for (const { store } of [first, second]) {
      for (const n of [0, 1, 100, 139, 200, 239]) {
        const { digest, iat, jti } = issuanceRecord(n);
        expect(await store.ledger.lookups.find(digest, iat)).toMatchObject({ jti });
      }
      const { digest, iat } = issuanceRecord(999);
      expect(await store.ledger.lookups.find(digest, iat)).toBeUndefined();
    }
    const session = await sessionOfTest(url);
    const { rows } = await session.transact(
      `select count(*)::int as groups, max(g.sequence)::int as last, count(distinct g.run_id)::int as runs,
        (select count(*)::int from issuance_records) as records from ledger_groups g`,
    );
    expect(rows[0]).toMatchObject({ records: 92, runs: 2 });
    expect(rows[0]?.groups).toBe(rows[0]?.last);
  });

  it('write one audit trail', async () => {
    const { first, second } = await fronts();
    const record = ({ store }: Front, type: string) => store.audit.record({ ...EVENT, type });
    for (const type of ['one', 'two', 'three']) {
      await record(first, `${type}.first`);
      await record(second, `${type}.second`);
    }
    for (const { store } of [first, second]) {
      const events = await store.audit.witnessedAfter(0, 100);
      const types = events.map(({ type }) => type).filter((type) => /first|second/.test(type));
      expect(types).toEqual([
        'one.first',
        'one.second',
        'two.first',
        'two.second',
        'three.first',
        'three.second',
      ]);
    }
  });

  it('tell nothing that another has told, also one that began later', async () => {
    const { first, second, join } = await fronts();
    const report = (n: number) => ({
      ...({
        type: 'token.never_issued',
        severity: 'critical',
        dedupKey: `["${n}"]`,
        subject: 'key:k',
      } as const),
      evidence: {},
    });
    const third = await join();
    for (const [n, teller] of [first, second, third].entries()) {
      expect(await teller.store.securityEvents.raise(report(n))).toBe(true);
      for (const { store } of [first, second, third])
        expect(await store.securityEvents.raise(report(n))).toBe(false);
    }
  });

  it('record nothing before they know what another has restricted', async () => {
    const { first, second } = await fronts();
    await first.store.records.append(issuanceRecord(1));
    await second.store.records.append(issuanceRecord(2));
    await first.store.revocations.append(RULE, KEYWARD);
    const asked: string[] = [];
    second.store.follower.add(async () => void asked.push('followed'));
    const standing = (stands: boolean) => ({
      stands: () => {
        asked.push('judged');
        return stands;
      },
    });
    const [kept, dropped] = await Promise.allSettled([
      second.store.records.append(issuanceRecord(3), standing(true)),
      second.store.records.append(issuanceRecord(4), standing(false)),
    ]);
    expect(kept.status).toBe('fulfilled');
    expect(dropped).toMatchObject({ status: 'rejected', reason: { code: 'no_active_key' } });
    expect(asked).toEqual(['followed', 'judged', 'judged']);
    expect(second.events).toEqual([{ name: 'group_fenced' }]);
    const found = [3, 4].map((n) =>
      second.store.ledger.lookups.find(issuanceRecord(n).digest, issuanceRecord(n).iat),
    );
    expect((await Promise.all(found)).map((record) => record !== undefined)).toEqual([true, false]);
    // Nothing new: nobody is asked again.
    await second.store.records.append(issuanceRecord(5), standing(false));
    expect(asked).toHaveLength(3);
    expect(second.events).toHaveLength(1);
  });

  it('record nothing that waited while they took over what another has restricted', async () => {
    const { second, url } = await fronts();
    await second.store.records.append(issuanceRecord(1));
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const change = second.store.writer.transaction(() => ended);
    let stands = true;
    const waiting = Promise.allSettled([
      second.store.records.append(issuanceRecord(2), { stands: () => true }),
      second.store.records.append(issuanceRecord(3), { stands: () => stands }),
    ]);
    const session = await sessionOfTest(url);
    await session.transact('select keyward.kw_raise_fence()');
    second.store.follower.add(async () => {
      stands = false;
    });
    await second.store.follower.look();
    end();
    await change;
    const [kept, dropped] = await waiting;
    expect(kept.status).toBe('fulfilled');
    expect(dropped).toMatchObject({ status: 'rejected', reason: { code: 'no_active_key' } });
    const found = ({ digest, iat }: ReturnType<typeof issuanceRecord>) =>
      second.store.ledger.lookups.find(digest, iat);
    expect(await found(issuanceRecord(2))).toBeDefined();
    expect(await found(issuanceRecord(3))).toBeUndefined();
  });

  it('have one leader, which the others replace once it is gone', async () => {
    const { first, second, join } = await fronts();
    expect([first.owner.leads(), second.owner.leads()]).toEqual([true, false]);
    await first.store.close();
    await first.owner.release();
    await expect.poll(() => second.owner.leads(), { timeout: 60_000 }).toBe(true);
    const third = await join();
    await pause(1_500);
    expect([second.owner.leads(), third.owner.leads()]).toEqual([true, false]);
    await third.store.records.append(issuanceRecord(1));
    expect(third.store.mark.isWhole).toBe(true);
  });

  it('see how many they are, and which standbys are in sync', async () => {
    const { primary } = await replicatedOfTest();
    await primary.query('create database keyward owner keyward template template0');
    const { first, second } = await fronts({ url: primary.url('keyward'), copies: 1 });
    const seen = () => [first, second].map(({ owner }) => owner.seen);
    const both = { fronts: 2, standbysInSync: 1 };
    await expect.poll(seen, { timeout: 60_000 }).toEqual([both, both]);
    await second.store.close();
    await second.owner.release();
    await expect.poll(seen, { timeout: 60_000 }).toEqual([{ fronts: 1, standbysInSync: 1 }, undefined]);
  });

  it('have another leader where the one that leads is cut off, and nobody can tell the server', async () => {
    const { url, first, second, join } = await fronts();
    const { pathname, searchParams } = new URL(url);
    const proxy = await FaultyProxy.listen(
      `${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`,
    );
    onTestFinished(() => proxy.close());
    const control_url_file = `${folderOfTest()}/control-url`;
    const address = `postgres://keyward@127.0.0.1:${proxy.port}${pathname}?sslmode=disable`;
    writeFileSync(control_url_file, address, { mode: 0o600 });
    const third = await join({ control_url_file });
    for (const { owner } of [first, second]) await owner.release();
    await expect.poll(() => third.owner.leads(), { timeout: 15_000 }).toBe(true);
    const fourth = await join();
    proxy.hold('to_server', 'to_front');
    await expect.poll(() => fourth.owner.leads(), { timeout: 25_000 }).toBe(true);
    expect(third.owner.leads()).toBe(false);
    proxy.release();
    await pause(3_000);
    expect(third.owner.leads()).toBe(false);
    expect(fourth.owner.leads()).toBe(true);
    await third.store.records.append(issuanceRecord(1));
  });

  it('let nobody be alone with the database, and wait for whoever is', async () => {
    const { first, second, database } = await fronts();
    await expect(ownDatabase(database)).rejects.toMatchObject({ code: 'database_in_use' });
    for (const { owner, store } of [first, second]) {
      await store.close();
      await owner.release();
    }
    const alone = await ownDatabase(database);
    onTestFinished(() => alone.release());
    const joining = joinDatabase(database, `${folderOfTest()}/ledger-archive`);
    const early = await Promise.race([joining.then(() => 'joined'), pause(1_000).then(() => 'waits')]);
    expect(early).toBe('waits');
    await alone.release();
    const joined = await joining;
    onTestFinished(() => joined.release());
    expect(joined.leads()).toBe(true);
  });

  it('show each other notes, which count by the seals of their runs', async () => {
    const { first, second, join, url } = await fronts();
    const read = async ({ store }: Front) => [...((await store.notes?.read()) ?? new Map()).values()].sort();
    expect(await read(second)).toEqual([]);
    await first.store.notes?.post('one');
    await second.store.notes?.post('two');
    const third = await join();
    expect([await read(first), await read(second)]).toEqual([['two'], ['one']]);
    expect(await read(third)).toEqual(['one', 'two']);
    await first.store.notes?.post('three');
    expect(await read(third)).toEqual(['three', 'two']);

    const session = await sessionOfTest(url);
    const change = (set: string) =>
      session.transact(`update front_notes set ${set} where owner = '${first.owner.id}'`);
    await change(`body = 'planted', number = number + 1`);
    expect(await read(second)).toEqual(['one']);
    expect(await read(third)).toEqual(['three', 'two']);
    await change(`run_id = (select run_id from front_notes where owner = '${second.owner.id}')`);
    expect(await read(second)).toEqual(['one']);
    await session.transact('truncate front_notes');
    await first.store.notes?.post('four');
    expect([await read(second), await read(third)]).toEqual([['four'], ['four', 'two']]);
    await second.owner.release();
    await expect.poll(() => read(third), { timeout: 20_000 }).toEqual(['four']);
  });

  it('take over no signed change and no revocation before standbys have it', async () => {
    const { primary, standby } = await replicatedOfTest();
    await primary.query('create database keyward owner keyward template template0');
    const { first, second } = await fronts({ url: primary.url('keyward'), copies: 1 });
    const [names] = await primary.query(`select current_setting('synchronous_standby_names') as is`);
    const { access, revocations } = first.store;
    const add = (id: string) =>
      access.addClient(
        { id, description: '', createdAt: 1, revokedAt: null, grants: [] },
        Buffer.from(id.padEnd(32)),
        KEYWARD,
      );
    const revoked: number[] = [];
    second.store.follower.add(async (reader) => {
      const made = await reader.read((trx) => revocationsAfter(trx, revoked.at(-1) ?? 0));
      revoked.push(...made.map(({ revocation: { sequence } }) => sequence));
    });
    const { follower, changes } = second.store;
    const known = () => [['one', 'two'].filter((id) => changes.opened().find('clients', id)), revoked];

    await add('one');
    await revocations.append(RULE, KEYWARD);
    await follower.look();
    expect(known()).toEqual([['one'], [1]]);

    standby.freeze();
    await primary.configure({ synchronous_standby_names: '' });
    await expect(revocations.append(RULE, KEYWARD)).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(follower.look()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(add('two')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(follower.look()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(known()).toEqual([['one'], [1]]);

    standby.thaw();
    await primary.configure({ synchronous_standby_names: String(names?.is) });
    await expect.poll(() => follower.look().catch(() => false), { timeout: 15_000 }).toBe(true);
    expect(known()).toEqual([
      ['one', 'two'],
      [1, 2],
    ]);
  });

  it('wait for no other that waits for a standby, where something is urgent', async () => {
    const { primary, standby } = await replicatedOfTest();
    await primary.query('create database keyward owner keyward template template0');
    const url = primary.url('keyward');
    const { first, second } = await fronts({ url, copies: 1 });
    await second.store.records.append(issuanceRecord(1));
    // As a front that has the turn of the ledger, and would wait for ever.
    const stuck = await sessionOfTest(url);
    standby.freeze();
    await stuck.begin();
    await stuck.query('select pg_advisory_xact_lock(4711, 1)');
    await stuck.query(
      'insert into readiness (id, checked_at) values (1, 1) on conflict (id) do update set checked_at = 2',
    );
    const waiting = stuck.commitAnswered();
    const { replicated } = await first.store.writer.urgently(async (trx) => {
      await appendAuditEvent(trx, { ...EVENT, type: 'urgent' }, 1);
      raiseFence(trx);
    });
    expect(replicated).toBe(false);
    expect((await waiting).notices).toMatchObject([{ code: '01000' }]);
    standby.thaw();
    // The second front has to follow before it records anything more.
    const followed: string[] = [];
    second.store.follower.add(async () => void followed.push('followed'));
    await expect
      .poll(
        () =>
          second.store.records.append(issuanceRecord(2)).then(
            () => true,
            () => false,
          ),
        {
          timeout: 60_000,
        },
      )
      .toBe(true);
    expect(followed.length).toBeGreaterThan(0);
  });

  it('wait for no other that was stopped in the midst of its turn, where something is urgent', async () => {
    const { first, url } = await fronts();
    const stopped = await sessionOfTest(url);
    await stopped.begin();
    await stopped.query('select pg_advisory_xact_lock(4711, 0), pg_advisory_xact_lock(4711, 1)');
    await first.store.writer.urgently(async (trx) => {
      await appendAuditEvent(trx, { ...EVENT, type: 'urgent' }, 1);
      raiseFence(trx);
    });
    await expect(stopped.commitAnswered()).rejects.toMatchObject({ condition: 'unreachable' });
  });

  it('go on behind nothing that a run sealed whose seals do not count', async () => {
    const { first, second } = await fronts();
    first.store.judgeRuns(async () => undefined);
    await first.store.records.append(issuanceRecord(1));
    await second.store.records.append(issuanceRecord(2));
    await expect(first.store.records.append(issuanceRecord(3))).rejects.toMatchObject({
      cause: { condition: 'foreign_group' },
    });
    const { digest, iat } = issuanceRecord(2);
    expect(await first.store.ledger.lookups.find(digest, iat)).toBeUndefined();
    expect(await second.store.ledger.lookups.find(digest, iat)).toBeDefined();
  });

  it('take a run for a stranger no longer than its certificate is missing', async () => {
    const { first, second, url } = await fronts();
    const session = await sessionOfTest(url);
    await first.store.audit.record({ ...EVENT, type: 'first' });
    await first.store.records.append(issuanceRecord(0));
    first.store.judgeRuns(async ({ id, publicKey, certificate }) =>
      certificate === 'gone' ? undefined : { id, publicKey },
    );
    await session.transact(`update runs set certificate = 'gone'`);
    await second.store.notes?.post('note');
    await second.store.records.append(issuanceRecord(1));
    const { digest, iat, jti } = issuanceRecord(1);
    expect(await first.store.notes?.read()).toEqual(new Map());
    expect(await first.store.ledger.lookups.find(digest, iat)).toBeUndefined();
    await expect(first.store.records.append(issuanceRecord(2))).rejects.toMatchObject({
      cause: { condition: 'foreign_group' },
    });
    await session.transact('update runs set certificate = null');
    const within = { timeout: 60_000, interval: 200 };
    await expect.poll(() => first.store.ledger.lookups.find(digest, iat), within).toMatchObject({ jti });
    // The writer judged it later than the thread that looks up, and asks again later.
    const appended = () =>
      first.store.records.append(issuanceRecord(2)).then(
        () => 'appended',
        ({ cause }) => cause.condition,
      );
    await expect.poll(appended, within).toBe('appended');
    expect(await first.store.notes?.read()).toEqual(new Map([[second.owner.id, 'note']]));
    await second.store.audit.record({ ...EVENT, type: 'second' });
    await first.store.audit.record({ ...EVENT, type: 'third' });
  });

  it('write to no trail that ends otherwise than a front left it', async () => {
    const { first, second, url } = await fronts();
    await first.store.audit.record({ ...EVENT, type: 'first' });
    await second.store.audit.record({ ...EVENT, type: 'second' });
    const session = await sessionOfTest(url);
    await session.transact(
      `insert into audit_events (sequence, time, type, actor, subject, details_json, hash, run_id, seal)
       select sequence + 1, time, 'planted', actor, subject, details_json, sha256(hash), run_id, seal
       from audit_events order by sequence desc limit 1`,
    );
    for (const { store } of [first, second]) {
      await expect(store.audit.record({ ...EVENT, type: 'next' })).rejects.toMatchObject({
        code: 'audit_trail_refused',
      });
    }
  });

  it('number no revocation behind one that no front made', async () => {
    const { first, second, url } = await fronts();
    for (const { store } of [first, second, first]) await store.revocations.append(RULE, KEYWARD);
    const session = await sessionOfTest(url);
    await session.transact(
      `insert into revocations (sequence, scope_id, client_id, root_commitment, created_at, revoked_by, reason, audit_sequence)
       select 9007199254740990, scope_id, client_id, root_commitment, created_at, revoked_by, reason, 1000000
       from revocations where sequence = 1`,
    );
    for (const { store } of [first, second]) {
      await expect(store.revocations.append(RULE, KEYWARD)).rejects.toMatchObject({
        code: 'audit_trail_refused',
      });
    }
    const { rows } = await session.transact('select count(*) as made from revocations where sequence < 10');
    expect(rows[0]).toMatchObject({ made: 3 });
  });

  it('go on behind no event that bears the seal of another', async () => {
    const { first, second, url } = await fronts();
    await first.store.audit.record({ ...EVENT, type: 'first' });
    await second.store.audit.record({ ...EVENT, type: 'second' });
    await first.store.audit.record({ ...EVENT, type: 'third' });
    const session = await sessionOfTest(url);
    await session.transact(
      `update audit_events set sequence = (select max(sequence) from audit_events) + 1 where type = 'second'`,
    );
    for (const { store } of [first, second]) {
      await expect(store.audit.record({ ...EVENT, type: 'next' })).rejects.toMatchObject({
        code: 'audit_trail_refused',
      });
    }
  });

  it('go on behind no group that bears the seal of another', async () => {
    const { first, second, url } = await fronts();
    await second.store.records.append(issuanceRecord(1));
    await first.store.records.append(issuanceRecord(2));
    const session = await sessionOfTest(url);
    const plant = (values: string) =>
      session.transact(
        `insert into ledger_groups
           (sequence, first_record, row_count, committed_at, previous_hash, group_hash, run_id, seal)
         select ${values}, committed_at, previous_hash, group_hash, run_id, seal from ledger_groups where sequence = 1`,
      );
    await plant('3, 3, 1');
    for (const { store } of [first, second]) {
      await expect(store.records.append(issuanceRecord(3))).rejects.toMatchObject({
        cause: { condition: 'foreign_group' },
      });
    }
    await session.transact('delete from ledger_groups where sequence = 3');
    await second.store.records.append(issuanceRecord(3));
    await first.store.records.append(issuanceRecord(4));
  });

  it('number records behind those that they know of, and miss no group in between', async () => {
    const { first, second, url } = await fronts();
    await first.store.records.append(issuanceRecord(1));
    for (const n of [2, 3]) await second.store.records.append(issuanceRecord(n));
    const session = await sessionOfTest(url);
    const change = async (group: number, set: string, back: string) => {
      await session.transact(`update ledger_groups set ${set} where sequence = ${group}`);
      await expect(first.store.records.append(issuanceRecord(4))).rejects.toMatchObject({
        cause: { condition: 'foreign_group' },
      });
      await session.transact(`update ledger_groups set ${back} where ${set}`);
    };
    await change(3, 'first_record = 1000', 'first_record = 3');
    await change(2, 'row_count = 2', 'row_count = 1');
    await change(2, 'sequence = -2', 'sequence = 2');
    await first.store.records.append(issuanceRecord(4));
    await second.store.records.append(issuanceRecord(5));
    const { rows } = await session.transact('select max(sequence) as last from issuance_records');
    expect(rows[0]).toMatchObject({ last: 5 });
  });

  it('do not go on where the last group that one of them acknowledged is gone, whoever wrote another since', async () => {
    const { first, second, url } = await fronts();
    await second.store.records.append(issuanceRecord(1));
    await first.store.records.append(issuanceRecord(2));
    const session = await sessionOfTest(url);
    await loseLastGroup(session, 2);
    await second.store.records.append(issuanceRecord(3));
    await expect(first.store.records.append(issuanceRecord(4))).rejects.toMatchObject({
      cause: { condition: 'foreign_group' },
    });
    await second.store.records.append(issuanceRecord(5));
  });

  it('do not follow a database that lacks what one of them committed', async () => {
    const { first, second, url } = await fronts();
    await first.store.records.append(issuanceRecord(1));
    await second.store.records.append(issuanceRecord(2));
    await expect.poll(() => first.owner.hadOthers, { timeout: 60_000 }).toBe(true);
    for (const { store } of [first, second]) await store.follower.look();
    const session = await sessionOfTest(url);
    await loseLastGroup(session, 2);
    await first.store.follower.look();
    await expect(second.store.follower.look()).rejects.toMatchObject({ code: 'store_unavailable' });
    // Another group in its place is not the one that it committed.
    await first.store.records.append(issuanceRecord(3));
    await expect(second.store.follower.look()).rejects.toMatchObject({ code: 'store_unavailable' });
    await first.store.follower.look();
  });

  it('do not follow one whose trail has lost what one of them committed', async () => {
    const { first, second, url } = await fronts();
    await expect.poll(() => first.owner.hadOthers, { timeout: 60_000 }).toBe(true);
    await first.store.audit.record({ ...EVENT, type: 'first' });
    const session = await sessionOfTest(url);
    await session.transact(
      'delete from audit_events where sequence = (select max(sequence) from audit_events)',
    );
    await expect(first.store.audit.record({ ...EVENT, type: 'next' })).rejects.toMatchObject({
      code: 'audit_trail_refused',
    });
    await expect(first.store.follower.look()).rejects.toMatchObject({ code: 'store_unavailable' });
    await second.store.follower.look();
  });
});

describe.skipIf(NO_POSTGRES)(`one front on ${POSTGRES}`, () => {
  it('goes on by what it knows where the database lacks what it committed', async () => {
    const url = await databaseOfTest();
    const database = settingsFor(url);
    const owner = await joinDatabase(database, `${folderOfTest()}/ledger-archive`);
    onTestFinished(() => owner.release());
    const { store } = await openTestStore({ postgres: { url, database, owner } });
    await owner.started();
    await store.records.append(issuanceRecord(1));
    await store.records.append(issuanceRecord(2));
    await loseLastGroup(await sessionOfTest(url), 2);
    expect(owner.hadOthers).toBe(false);
    await store.follower.look();
  });
});

/** As a server has it that was promoted without it. */
async function loseLastGroup(session: Awaited<ReturnType<typeof sessionOfTest>>, group: number) {
  await session.transact(`delete from issuance_records where group_sequence = ${group}`);
  await session.transact(`delete from ledger_row_hashes where group_sequence = ${group}`);
  await session.transact(`delete from ledger_groups where sequence = ${group}`);
}
