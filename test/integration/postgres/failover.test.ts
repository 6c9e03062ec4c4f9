import { describe, expect, it, onTestFinished } from 'vitest';
import { KeptSession } from '../../../src/db/postgres/kept-session.ts';
import { readPosition } from '../../../src/db/postgres/position.ts';
import { passBarrier } from '../../../src/db/postgres/proof.ts';
import { ReachedServer } from '../../../src/db/postgres/reached-server.ts';
import type { Durability } from '../../../src/db/postgres/requirements.ts';
import { endSyncWait } from '../../../src/db/postgres/sync-wait.ts';
import { sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { settingsFor } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import type { PostgresServer } from '../../support/postgres/server.ts';
import { primaryOfTest, replicatedOfTest, untilWaiting } from '../../support/postgres/servers-of-test.ts';

const ONE_COPY: Durability = { mode: 'replicated', copies: 1 };
/** A wait for a standby that is not there is what these tests are about. */
const PATIENT = { connectMs: 60_000, answerMs: 120_000 };

const sessionWith = (server: PostgresServer) => sessionOfTest(server.url(), PATIENT);
const positionOf = async (server: PostgresServer) => readPosition(await sessionWith(server));

describe.skipIf(NO_POSTGRES)(`the position of ${POSTGRES}`, () => {
  it('tells a promoted standby at once, and refuses whoever is behind it', async () => {
    const { primary, standby } = await replicatedOfTest();
    const [before, copy] = [await positionOf(primary), await positionOf(standby)];
    const { system } = before;
    expect([before.timeline, copy]).toEqual([1, { system, timeline: undefined }]);
    const reached = new ReachedServer();
    expect(() => reached.take(copy)).toThrow('it is a standby');
    expect([reached.take(before), reached.take(before)]).toEqual([1, 1]);
    expect(() => reached.take(copy)).toThrow('it is a standby');
    await standby.promote();
    const after = await positionOf(standby);
    expect(after).toEqual({ system, timeline: 2 });
    expect([reached.isReplaced(1), reached.take(after), reached.isReplaced(1)]).toEqual([false, 2, true]);
    const former = await positionOf(primary);
    expect(() => reached.take(former)).toThrow('its timeline 1 is over: 2 was seen');
    const other = await positionOf(await primaryOfTest());
    expect(() => reached.take(other)).toThrow('of another cluster');
    expect(new ReachedServer().take(other)).toBe(1);
  });

  it('of one that another thread has seen ends the session to the server before it, which commits with a standby', async () => {
    const { primary, standby } = await replicatedOfTest();
    const { memory: reached } = new ReachedServer();
    const kept = (server: PostgresServer, memory = reached) => {
      const session = new KeptSession({ database: settingsFor(server.url()), reached: memory });
      onTestFinished(() => session.close());
      return session;
    };
    const [told, untold, promoted] = [
      kept(primary),
      kept(primary, new ReachedServer().memory),
      kept(standby),
    ];
    const [one, other] = [await told.open(), await untold.open()];
    await standby.promote();
    expect([await told.open(), told.isReplaced]).toEqual([one, false]);
    await promoted.open();
    expect([told.isReplaced, promoted.isReplaced, untold.isReplaced]).toEqual([true, false, false]);
    await expect(told.open()).rejects.toMatchObject({
      message: 'the server cannot be used: its timeline 1 is over: 2 was seen',
      condition: 'unreachable',
    });
    expect(await untold.open()).toBe(other);
  });

  it('is a higher timeline on a laggard, which lacks what was committed without it', async () => {
    const { primary, standby } = await replicatedOfTest();
    const before = await positionOf(primary);
    await standby.stop();
    await primary.configure({ synchronous_standby_names: '' });
    await primary.query('create table lost (n bigint)');
    await primary.kill();
    await standby.start();
    await standby.promote();
    const after = await positionOf(standby);
    expect([after.system, after.timeline]).toEqual([before.system, 2]);
    expect(await standby.query(`select to_regclass('lost') as is`)).toEqual([{ is: null }]);
  });
});

describe.skipIf(NO_POSTGRES)(`a barrier on ${POSTGRES}`, () => {
  it('is passed on a primary with its standby', async () => {
    const { primary } = await replicatedOfTest();
    expect(await passBarrier(await sessionWith(primary), ONE_COPY)).toBe(true);
  });

  it('is passed on a single server, which is not to have copies', async () => {
    const session = await sessionWith(await primaryOfTest());
    expect(await passBarrier(session, { mode: 'single' })).toBe(true);
    expect(await passBarrier(session, ONE_COPY)).toBe(false);
  });

  it('is not passed on a standby', async () => {
    const { standby } = await replicatedOfTest();
    await expect(passBarrier(await sessionWith(standby), ONE_COPY)).rejects.toMatchObject({
      name: 'StoreFailure',
    });
  });

  it('waits for a frozen standby, and does not take the end of the wait for an answer', async () => {
    const { primary, standby } = await replicatedOfTest();
    const [session, control] = [await sessionWith(primary), await sessionWith(primary)];
    standby.freeze();
    const first = passBarrier(session, ONE_COPY);
    await untilWaiting(primary, session.backend);
    expect(await endSyncWait(control, session.backend)).toBe(true);
    expect(await first).toBe(false);
    const later = passBarrier(session, ONE_COPY);
    await untilWaiting(primary, session.backend);
    standby.thaw();
    expect(await later).toBe(true);
  });

  it('is not passed on a primary that was replaced, however it answers', async () => {
    const { primary: zombie, standby } = await replicatedOfTest();
    const [session, control] = [await sessionWith(zombie), await sessionWith(zombie)];
    await standby.promote();
    await standby.query('create table issued (n bigint)');
    // It knows nothing of that, and would say so.
    expect(await zombie.query(`select to_regclass('issued') as is`)).toEqual([{ is: null }]);
    const pass = () => passBarrier(session, ONE_COPY);
    const waiting = pass();
    await untilWaiting(zombie, session.backend);
    await endSyncWait(control, session.backend);
    expect(await waiting).toBe(false);
    await zombie.configure({ synchronous_standby_names: '' });
    expect(await pass()).toBe(false);
  });
});
