import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { joinDatabase } from '../../../src/db/open-engine.ts';
import { writeLine } from '../../../src/db/owed-line.ts';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import { actOf } from '../../../src/kernel/audit.ts';
import { createRunKey, type RunKey, type StoredRun } from '../../../src/kernel/audit-chain.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { untilInSync } from '../../support/postgres/in-sync.ts';
import { settingsFor } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { type Replicated, replicatedOfTest } from '../../support/postgres/servers-of-test.ts';

const COMPROMISE = actOf(KEYWARD, 'key.compromised', 'key:k1', { why: 'seen' });
const within = { timeout: 60_000, interval: 100 };

/** What stands for the audit key's certificate. */
const judge = async ({ id, publicKey, certificate }: StoredRun) =>
  certificate === 'good' ? { id, publicKey } : undefined;

describe.skipIf(NO_POSTGRES)(`what a former process left behind on ${POSTGRES}`, () => {
  let servers: Replicated;
  let former: RunKey;
  let store: TestStores;
  let file: string;
  let lines: () => string;

  beforeEach(async () => {
    servers = await replicatedOfTest();
    await servers.primary.query('create database keyward owner keyward template template0');
    const url = servers.primary.url('keyward');
    const database = settingsFor(url, 1);
    const archiveDir = join(folderOfTest(), 'ledger-archive');
    file = `${archiveDir}.owed`;
    former = createRunKey(1_760_000_000);
    writeFileSync(file, `${writeLine(COMPROMISE, former).text}\n`);
    lines = () => readFileSync(file, 'utf8');
    const owner = await joinDatabase(database, archiveDir);
    onTestFinished(() => owner.release());
    ({ store } = await openTestStore({ postgres: { url, database, owner }, archiveDir }));
    await owner.started();
    store.judgeRuns(judge);
    await certify(former, 'good');
  });

  /** On the primary alone. */
  async function certify({ id, publicKey, startedAt }: Omit<RunKey, 'privateKey'>, certificate: string) {
    const session = await sessionOfTest(servers.primary.url('keyward'));
    await session.query('set synchronous_commit = local');
    await session.query(
      `insert into keyward.runs (id, public_key, started_at, certificate) values ($1, $2, $3, $4)
       on conflict (id) do update set certificate = excluded.certificate`,
      [id, publicKey, startedAt, certificate],
    );
    await session.close();
  }
  const read = () => store.leftBehind.read();
  const counts = async () => (await read()).events.length;

  it('stays while the database is away, and counts once it is there', async () => {
    const before = lines();
    await servers.primary.kill();
    await expect(read()).rejects.toMatchObject({ code: 'store_unavailable' });
    await store.leftBehind.settle([]);
    expect([store.leftBehind.count, lines()]).toEqual([1, before]);
    await servers.primary.start();
    await expect.poll(() => counts().catch(({ code }) => code), within).toBe(1);
    expect((await read()).events).toEqual([COMPROMISE]);
  });

  it('stays while the certificate of its run is missing, and counts once it is back', async () => {
    const before = lines();
    await certify(former, 'none');
    expect(await read()).toMatchObject({
      events: [],
      unvouched: { count: 1, named: ['key.compromised key:k1'] },
    });
    await store.leftBehind.settle([]);
    expect(lines()).toBe(before);
    await certify(former, 'good');
    await expect.poll(counts, within).toBe(1);
  });

  it('goes once it is settled and the run that settles it is certified on standbys', async () => {
    const { events } = await read();
    expect(events).toEqual([COMPROMISE]);
    const before = lines();
    await store.leftBehind.settle(events);
    expect([store.leftBehind.count, store.leftBehind.hasSettled, lines()]).toEqual([0, true, before]);
    servers.standby.freeze();
    await certify(store.run, 'good');
    const settled = async () => {
      await store.leftBehind.settle([]);
      return store.leftBehind.hasSettled;
    };
    // Until then the run counts as the stranger that it was.
    await expect.poll(() => settled().catch(({ cause }) => cause.condition), within).toBe('unproven');
    expect(lines()).toBe(before);
    servers.standby.thaw();
    await untilInSync(servers.primary);
    await expect.poll(() => settled().catch(({ cause }) => cause.condition), within).toBe(false);
    expect(existsSync(file)).toBe(false);
  });
});
