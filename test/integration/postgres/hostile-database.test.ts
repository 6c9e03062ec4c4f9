import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PostgresSettings } from '../../../src/db/database-settings.ts';
import { openStore } from '../../../src/db/open-store.ts';
import { readPosition } from '../../../src/db/postgres/position.ts';
import { prepareSchema } from '../../../src/db/postgres/prepare-schema.ts';
import { ReachedServer } from '../../../src/db/postgres/reached-server.ts';
import { SchemaFlag } from '../../../src/db/postgres/schema-flag.ts';
import { foreignIn } from '../../../src/db/postgres/schema-objects.ts';
import { WriteConnection } from '../../../src/db/postgres/write-connection.ts';
import { packRecords } from '../../../src/db/record-batch.ts';
import { createRunKey } from '../../../src/kernel/audit-chain.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { NOON } from '../../support/open-test-store.ts';
import { kyselyOver, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { ownedPostgres, settingsFor } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { until } from '../../support/postgres/server.ts';
import { replicatedOfTest } from '../../support/postgres/servers-of-test.ts';

const run = createRunKey(1_760_000_000);

function batchOf(...numbers: number[]) {
  return packRecords(
    numbers.map((n) => issuanceRecord(n)),
    1_760_000_000,
  );
}

/** A database with a standby that commits wait for, and what its schema should be. */
async function onReplicated() {
  const { primary, standby } = await replicatedOfTest();
  await primary.query('create database keyward owner keyward template template0');
  await primary.query('create schema keyward authorization keyward', 'keyward');
  const url = primary.url('keyward');
  const own = await prepareSchema(kyselyOver(await sessionOfTest(url)));
  return { primary, standby, url, own };
}

type Ground = Awaited<ReturnType<typeof onReplicated>>;

function writerOn(
  { url, own }: Pick<Ground, 'url' | 'own'>,
  { memory: reached } = new ReachedServer(),
): WriteConnection {
  const database: PostgresSettings = settingsFor(url, 1);
  const changed = new SchemaFlag().memory;
  const writer = new WriteConnection({ run, database, own, reached, changed, owner: '' });
  onTestFinished(() => writer.close());
  return writer;
}

const WAITING = `select from pg_stat_activity where wait_event = 'SyncRep'`;
const LYING = `create temp table if not exists pg_stat_replication as
  select 'streaming'::text as state, 'sync'::text as sync_state, 'FFFFFFFF/FFFFFFFF'::pg_lsn as flush_lsn`;

describe.skipIf(NO_POSTGRES)(`who has the role of Keyward on ${POSTGRES}`, () => {
  it('makes no proof by a table of that name in the session of the writer', async () => {
    const ground = await onReplicated();
    const { primary, standby, url } = ground;
    const writer = writerOn(ground);
    const { end } = await writer.append({ batch: batchOf(1), end: undefined, fence: 0 });
    await primary.query('grant create on schema public to keyward', 'keyward');
    const attacker = await sessionOfTest(url);
    await attacker.transact(
      `create function public.t() returns trigger language plpgsql as $$ begin ${LYING}; return new; end $$`,
    );
    await attacker.transact(
      'create trigger t before insert on ledger_groups for each row execute function public.t()',
    );
    const second = await writer.append({ batch: batchOf(2), end, fence: 0 });
    await attacker.transact('drop trigger t on ledger_groups');
    await standby.stop();
    await primary.configure({ synchronous_standby_names: '' });
    await expect(writer.append({ batch: batchOf(3), end: second.end, fence: 0 })).rejects.toMatchObject({
      condition: 'unproven',
    });
  });

  it('has nothing acknowledged by a server that was replaced while it committed, whatever standby it has', async () => {
    const ground = await onReplicated();
    const { primary, standby } = ground;
    const reached = new ReachedServer();
    const writer = writerOn(ground, reached);
    const { end } = await writer.append({ batch: batchOf(1), end: undefined, fence: 0 });
    const session = await sessionOfTest(ground.url);
    const position = await readPosition(session);
    standby.freeze();
    const second = writer.append({ batch: batchOf(2), end, fence: 0 });
    await until(async () => (await primary.query(WAITING)).length > 0);
    // As another thread does that has reached the one that was promoted.
    reached.take({ ...position, timeline: 2 });
    standby.thaw();
    await expect(second).rejects.toMatchObject({ condition: 'unproven' });
    const { rows } = await session.transact('select from ledger_groups');
    expect(rows).toHaveLength(2);
  });

  it.each([
    'create operator keyward.= (leftarg = bigint, rightarg = bigint, function = int8eq)',
    'create type keyward.odd as (n bigint)',
    'create aggregate keyward.most (bigint) (sfunc = int8larger, stype = bigint)',
    'create trigger t before insert on clients for each row execute function suppress_redundant_updates_trigger()',
    'create rule r as on insert to clients do instead nothing',
    'alter table clients enable row level security',
    'create view keyward.seen as select 1 as one',
  ])('is seen: %s', async (change) => {
    const { url, owner } = await ownedPostgres();
    const { own } = owner as typeof owner & Pick<Ground, 'own'>;
    const session = await sessionOfTest(url);
    expect(await foreignIn(session, own)).toBeUndefined();
    await session.transact(change);
    expect(await foreignIn(session, own)).toMatch(/is not Keyward's|is not as Keyward makes it/);
  });

  it('has nothing recorded by a function of its own once the watch has looked, nor by a new connection', async () => {
    const { database, owner, url } = await ownedPostgres();
    const opening = {
      database,
      owner,
      archiveDir: join(folderOfTest(), 'ledger-archive'),
      queueLimit: 10,
      clock: NOON,
    };
    const store = await openStore({ ...opening, onEvent: () => {} });
    onTestFinished(() => store.close());
    await store.records.append(issuanceRecord(1));
    const attacker = await sessionOfTest(url);
    const { rows } = await attacker.transact(
      `select pg_get_functiondef(oid) as text from pg_proc where proname = 'kw_append'`,
    );
    const text = String(rows[0]?.text);
    const lying = text.replace(
      /AS \$function\$[\s\S]*\$function\$/,
      'AS $function$ begin return 0; end $function$',
    );
    await attacker.transact(lying);
    expect(await store.foreignSchema()).toMatch(/kw_append/);
    await expect(store.records.append(issuanceRecord(2))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await attacker.transact(text);
    expect(await store.foreignSchema()).toBeUndefined();
    await store.records.append(issuanceRecord(3));
  });

  it('changes no value on its way by the settings of the role', async () => {
    const ground = await onReplicated();
    const attacker = await sessionOfTest(ground.url);
    await attacker.transact('alter role keyward set array_nulls = off');
    await writerOn(ground).append({ batch: batchOf(1), end: undefined, fence: 0 });
    expect((await attacker.transact('select root from issuance_records')).rows).toEqual([{ root: null }]);
  });
});

describe.skipIf(NO_POSTGRES)(`a group of records on ${POSTGRES}`, () => {
  it('whose callers use many a jti twice is appended as one, without those rows', async () => {
    const { url, owner } = await ownedPostgres();
    const { own } = owner as typeof owner & Pick<Ground, 'own'>;
    const database = settingsFor(url);
    const changed = new SchemaFlag().memory;
    const reached = new ReachedServer().memory;
    const writer = new WriteConnection({ run, database, own, reached, changed, owner: owner.id });
    onTestFinished(() => writer.close());
    const jti = (n: number) => `${'x'.repeat(40)}${n}`;
    const group = (from: number, name: (n: number) => string) =>
      packRecords(
        Array.from({ length: 100 }, (_, n) => issuanceRecord(from + n, { jti: name(n) })),
        1_760_000_000,
      );
    const first = await writer.append({ batch: group(0, jti), end: undefined, fence: 0 });
    // Every other is there already, and the last two are the same.
    const again = group(1_000, (n) => (n % 2 === 0 ? jti(n) : jti(n === 99 ? 1_097 : n + 1_000)));
    const second = await writer.append({ batch: again, end: first.end, fence: 0 });
    expect(second.failures.map(({ index }) => index)).toEqual([
      ...Array.from({ length: 50 }, (_, n) => 2 * n),
      99,
    ]);
    expect(second.failures.every(({ failure }) => failure.row === 'not_unique')).toBe(true);
    expect(second.end.sequence).toBe(2);
  });

  it('that comes before a late commit is known is refused for now, and is nobody else’s', async () => {
    const ground = await onReplicated();
    const { standby, url, own } = ground;
    const [lost, next] = [writerOn(ground), writerOn({ url, own })];
    const { end } = await lost.append({ batch: batchOf(1), end: undefined, fence: 0 });
    standby.freeze();
    // Given up after two seconds, but for the server, which goes on waiting.
    const inDoubt = lost.append({ batch: batchOf(2), end, fence: 0 }).catch((error: Error) => error);
    await lost.close();
    expect(await inDoubt).toBeInstanceOf(Error);
    const behind = next.append({ batch: batchOf(10, 11, 12), end, fence: 0 }).catch((error: Error) => error);
    standby.thaw();
    const outcome = await behind;
    if (outcome instanceof Error)
      expect(outcome).toMatchObject({ condition: expect.not.stringMatching('foreign') });
    const last = await next.append({ batch: batchOf(20), end, fence: 0 });
    expect(last.failures).toEqual([]);
  });
});
