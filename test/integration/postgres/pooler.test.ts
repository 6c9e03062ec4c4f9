import { describe, expect, it } from 'vitest';
import { passBarrier, prove } from '../../../src/db/postgres/proof.ts';
import type { PostgresSession } from '../../../src/db/postgres/session.ts';
import { sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { NO_PGBOUNCER, PGBOUNCER, pgbouncerOfTest } from '../../support/postgres/pgbouncer.ts';
import { type PostgresServer, until } from '../../support/postgres/server.ts';
import { replicatedOfTest } from '../../support/postgres/servers-of-test.ts';

const SESSIONS = [1, 2, 3, 4, 5, 6];

/** A session whose next transaction gets a connection that nobody has set anything on. */
async function lentAnew(primary: PostgresServer): Promise<PostgresSession> {
  const url = await pgbouncerOfTest(primary);
  const [session, other] = [await sessionOfTest(url), await sessionOfTest(url)];
  await other.begin();
  return session;
}

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

  it('say what each transaction needs, whatever the role has as its default', async () => {
    const { primary } = await replicatedOfTest();
    await primary.query('alter role keyward set default_transaction_isolation = serializable');
    await primary.query('alter role keyward set default_transaction_read_only = on');
    const session = await lentAnew(primary);
    const within = async (kind: 'write' | 'read') => {
      await session.begin(kind);
      const { rows } = await session.query(
        `select current_setting('transaction_isolation') as is, current_setting('transaction_read_only') as only`,
      );
      await session.commit();
      return rows[0];
    };
    expect(await within('write')).toEqual({ is: 'read committed', only: 'off' });
    expect(await within('read')).toEqual({ is: 'repeatable read', only: 'on' });
  });

  it('see within a change who took the database while they waited for their turn', async () => {
    const { primary } = await replicatedOfTest();
    await primary.query('create table public.owners (id text)');
    await primary.query('grant select on public.owners to keyward');
    const holder = await sessionOfTest(primary.url());
    await primary.query('alter role keyward set default_transaction_isolation = "repeatable read"');
    const session = await lentAnew(primary);
    const turn = 'select pg_advisory_xact_lock(4711, 0)';
    await holder.begin();
    await holder.query(turn);
    await session.begin();
    const waiting = session.query(turn);
    await until(async () => (await primary.query('select from pg_locks where not granted')).length > 0);
    await primary.query(`insert into public.owners values ('next')`);
    await holder.commit();
    await waiting;
    expect((await session.query('select id from public.owners')).rows).toEqual([{ id: 'next' }]);
    await session.commit();
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
