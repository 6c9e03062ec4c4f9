import { describe, expect, it } from 'vitest';
import { connect } from '../../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../../src/db/postgres/connection-string.ts';
import { databaseOfTest, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { sharedServer } from '../../support/postgres/shared-server.ts';

const emptySession = async () => sessionOfTest(await databaseOfTest({ isEmpty: true }));

describe.skipIf(NO_POSTGRES)(`a session of ${POSTGRES}`, () => {
  it('answers values as SQLite has them', async () => {
    const session = await emptySession();
    const { rows, changes } = await session.query(
      `select $1::bytea as bytes, $2::bigint as count, sum(n) as sum, count(*) as rows, exists (select 1) as flag,
         $3::text as text, '{"a":1}'::jsonb as json, null::text as nothing from (values (1::bigint), (2)) v (n)`,
      [Uint8Array.of(0, 255), Number.MAX_SAFE_INTEGER, 'é'],
    );
    expect(rows).toEqual([
      {
        bytes: Uint8Array.of(0, 255),
        count: Number.MAX_SAFE_INTEGER,
        sum: 3,
        rows: 2,
        flag: 1,
        text: 'é',
        json: '{"a": 1}',
        nothing: null,
      },
    ]);
    expect(rows[0]?.bytes).toHaveProperty('buffer.byteLength', 2);
    expect(changes).toBe(0);
  });

  it('refuses a number that JavaScript cannot hold, and goes on', async () => {
    const session = await emptySession();
    const unsafe = [
      session.query('select 9007199254740993 as n'),
      session.query('select 2^53::numeric as n'),
    ];
    for (const each of unsafe) await expect(each).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect((await session.query('select 1.5::numeric as n')).rows).toEqual([{ n: 1.5 }]);
  });

  it('counts the rows that a statement changed', async () => {
    const session = await emptySession();
    await session.query('create table t (n bigint)');
    expect((await session.execute('insert into t values ($1), ($2)', [1, 2])).changes).toBe(2);
    expect((await session.execute('delete from t where n = $1', [3])).changes).toBe(0);
  });

  it('has its own settings, whatever the role has', async () => {
    const url = await databaseOfTest({ isEmpty: true });
    const server = await sharedServer();
    const database = new URL(url).pathname.slice(1);
    const set = (text: string) => server.query(`alter role keyward in database ${database} set ${text}`);
    await set('synchronous_commit = off');
    await set('client_min_messages = error');
    await set('default_transaction_isolation = serializable');
    const session = await sessionOfTest(url);
    const { rows } = await session.query(
      `select current_setting('synchronous_commit') as a, current_setting('client_min_messages') as b,
         current_setting('transaction_isolation') as c, current_setting('idle_in_transaction_session_timeout') as d`,
    );
    expect(rows).toEqual([{ a: 'on', b: 'warning', c: 'read committed', d: '10s' }]);
    expect(session.isPooled).toBe(false);
  });

  it('tells a commit that became a rollback', async () => {
    const session = await emptySession();
    await session.begin();
    await expect(session.query('select 1/0')).rejects.toMatchObject({ code: '22012', row: 'unfit' });
    await expect(session.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await expect(session.commit()).rejects.toMatchObject({ message: 'the transaction was rolled back' });
    await session.begin();
    await session.commit();
  });

  it('reads what is of one moment within a transaction that reads', async () => {
    const url = await databaseOfTest({ isEmpty: true });
    const [reader, writer] = [await sessionOfTest(url), await sessionOfTest(url)];
    await writer.query('create table t (n bigint)');
    await reader.begin('read');
    expect((await reader.query('select n from t')).rows).toEqual([]);
    await writer.query('insert into t values (1)');
    expect((await reader.query('select n from t')).rows).toEqual([]);
    await expect(reader.query('insert into t values (2)')).rejects.toMatchObject({ condition: 'read_only' });
    await reader.rollback();
  });

  it('sends what is asked at once, and gives each answer its own notices', async () => {
    const session = await emptySession();
    const warn = (text: string) => `do $$ begin raise warning '${text}'; end $$`;
    const answers = await Promise.all([
      session.query(warn('first')),
      session.query('select 1 as one'),
      session.query(warn('third')),
    ]);
    expect(answers.map(({ notices }) => notices)).toEqual([
      [{ code: '01000', message: 'first' }],
      [],
      [{ code: '01000', message: 'third' }],
    ]);
  });

  it('fails one statement of those sent at once, not the next', async () => {
    const session = await emptySession();
    const answers = await Promise.allSettled([
      session.query('select nothing'),
      session.query('select 1 as one'),
    ]);
    expect(answers).toMatchObject([
      { reason: { code: '42703', condition: 'foreign_schema' } },
      { value: { rows: [{ one: 1 }] } },
    ]);
  });

  it('keeps a bounded number of statements prepared', async () => {
    const session = await emptySession();
    for (let n = 0; n < 510; n += 1) await session.query(`select ${n} as n, $1::int as m`, [n]);
    const prepared = await session.query('select count(*) as n from pg_prepared_statements');
    expect(prepared.rows).toEqual([{ n: 500 }]);
    expect((await session.query('select 0 as n, $1::int as m', [7])).rows).toEqual([{ n: 0, m: 7 }]);
  });

  it('is lost when the server ends it, and when the server is silent', async () => {
    const url = await databaseOfTest({ isEmpty: true });
    const ended = await sessionOfTest(url);
    await (await sharedServer()).query(`select pg_terminate_backend(${ended.backend})`);
    await expect(ended.query('select 1')).rejects.toMatchObject({ condition: 'unreachable' });
    // The answer comes before the end of the connection.
    await expect.poll(() => ended.lost, { timeout: 60_000 }).toMatchObject({ condition: 'unreachable' });
    const silent = await sessionOfTest(url, { connectMs: 60_000, answerMs: 1_000 });
    const asked = [silent.query('select pg_sleep(3600)'), silent.query('select 1')];
    for (const each of asked) await expect(each).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(silent.lost).toMatchObject({ message: 'no answer within 1000 ms' });
  });

  it('cannot be had where nobody listens, or of a user who is none', async () => {
    const url = await databaseOfTest({ isEmpty: true });
    const connecting = (text: string) => connect(readConnectionString(text));
    await expect(connecting(url.replace('5432', '5433'))).rejects.toMatchObject({ condition: 'unreachable' });
    await expect(connecting(url.replace('user=keyward', 'user=nobody'))).rejects.toMatchObject({
      code: '28000',
      condition: 'unreachable',
    });
    await expect(connecting(url.replace(/test_\w+/, 'none'))).rejects.toMatchObject({ condition: 'missing' });
  });
});
