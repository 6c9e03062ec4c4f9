import { describe, expect, it } from 'vitest';
import { passBarrier } from '../../../src/db/postgres/barrier.ts';
import { prove } from '../../../src/db/postgres/proof.ts';
import { sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { NO_PGBOUNCER, PGBOUNCER, pgbouncerOfTest } from '../../support/postgres/pgbouncer.ts';
import { replicatedOfTest } from '../../support/postgres/servers-of-test.ts';

const SESSIONS = [1, 2, 3, 4, 5, 6];

describe.skipIf(NO_PGBOUNCER)(`sessions through ${PGBOUNCER}, lent by the transaction`, () => {
  it('are known to be lent, and keep their settings within transactions', async () => {
    const { primary } = await replicatedOfTest();
    await primary.query('alter role keyward set synchronous_commit = off');
    const url = await pgbouncerOfTest(primary);
    const sessions = await Promise.all(SESSIONS.map(() => sessionOfTest(url)));
    expect(sessions.map(({ isPooled }) => isPooled)).toEqual(SESSIONS.map(() => true));
    const show = `select current_setting('synchronous_commit') as is`;
    const answers = sessions.map(async (session) => {
      await session.begin();
      const within = await session.query(show);
      await session.commit();
      return [within, await session.transact(show)].map(({ rows }) => rows[0]?.is);
    });
    expect(await Promise.all(answers)).toEqual(SESSIONS.map(() => ['on', 'on']));
  });

  it('prove a commit on the server that had it alone', async () => {
    const { primary } = await replicatedOfTest();
    const session = await sessionOfTest(await pgbouncerOfTest(primary));
    await session.begin('read');
    await session.rollback();
    expect(await passBarrier(session, { mode: 'replicated', copies: 1 })).toBe(true);
    const another = { query: session.query.bind(session), server: 'another' };
    expect(await prove(another, { mode: 'replicated', copies: 1 })).toBe(false);
  });

  it('fail the statement, not the commit behind it', async () => {
    const { primary } = await replicatedOfTest();
    const session = await sessionOfTest(await pgbouncerOfTest(primary));
    await expect(session.transact('select 1/0')).rejects.toMatchObject({ code: '22012' });
    expect((await session.transact('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
