import { describe, expect, it } from 'vitest';
import { doubtOf, prove } from '../../../src/db/postgres/proof.ts';
import type { Durability } from '../../../src/db/postgres/requirements.ts';
import type { PostgresSession } from '../../../src/db/postgres/session.ts';
import { endSyncWait } from '../../../src/db/postgres/sync-wait.ts';
import { sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { untilInSync } from '../../support/postgres/in-sync.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import {
  primaryOfTest,
  type Replicated,
  replicatedOfTest,
  untilWaiting,
} from '../../support/postgres/servers-of-test.ts';

const ONE_COPY: Durability = { mode: 'replicated', copies: 1 };
/** A wait for a standby that is not there is what these tests are about. */
const PATIENT = { connectMs: 60_000, answerMs: 120_000 };

interface Written extends Replicated {
  readonly session: PostgresSession;
}

async function replicatedTable(): Promise<Written> {
  const servers = await replicatedOfTest();
  const session = await sessionOfTest(servers.primary.url('postgres', 'admin'), PATIENT);
  await session.query('create table t (n bigint)');
  return { ...servers, session };
}

const write = (session: PostgresSession) => session.query('insert into t values (1)');

describe.skipIf(NO_POSTGRES)(`proof by ${POSTGRES} that a commit is on standbys`, () => {
  it('is had in the same flight as the commit', async () => {
    const { session } = await replicatedTable();
    const [written, isProven] = await Promise.all([write(session), prove(session, ONE_COPY)]);
    expect(doubtOf(written)).toBeUndefined();
    expect(isProven).toBe(true);
  });

  it('takes as many standbys as are configured', async () => {
    const { session } = await replicatedTable();
    await write(session);
    expect(await prove(session, { mode: 'replicated', copies: 2 }, 0)).toBe(false);
  });

  it('is nothing that a single server is asked for', async () => {
    const session = await sessionOfTest((await primaryOfTest()).url());
    expect(await prove(session, { mode: 'single' })).toBe(true);
    expect(await prove(session, ONE_COPY, 0)).toBe(false);
  });

  it('fails when the names of the standbys were emptied under load, though no commit is warned', async () => {
    const { primary, standby, session } = await replicatedTable();
    const others = await Promise.all(
      [1, 2, 3].map(() => sessionOfTest(primary.url('postgres', 'admin'), PATIENT)),
    );
    standby.freeze();
    const writes = [session, ...others].map(write);
    await untilWaiting(primary, session.backend);
    await primary.configure({ synchronous_standby_names: '' });
    for (const written of await Promise.all(writes)) expect(doubtOf(written)).toBeUndefined();
    expect(await prove(session, ONE_COPY, 0)).toBe(false);
    standby.thaw();
    expect(await prove(session, ONE_COPY, 0)).toBe(false);
  });

  it('fails where a standby has what others wrote before the commit, and not the commit', async () => {
    const { primary, standby, session } = await replicatedTable();
    const other = await sessionOfTest(primary.url('postgres', 'admin'), PATIENT);
    await session.begin();
    await session.query('set local synchronous_commit = local');
    await session.query('insert into t values (1)');
    const { rows } = await session.query('select pg_current_wal_insert_lsn()::text as place');
    await write(other);
    standby.freeze();
    await session.commit();
    const behind = await session.query(
      `select from pg_stat_replication where sync_state = 'quorum' and flush_lsn > $1::pg_lsn`,
      [rows[0]?.place],
    );
    expect(behind.rows).toHaveLength(1);
    expect(await prove(session, ONE_COPY, 0)).toBe(false);
    standby.thaw();
    expect(await prove(session, ONE_COPY, 60_000)).toBe(true);
  });

  it('is doubted by the warning of a cancelled wait, and had once the standby is back', async () => {
    const { primary, standby, session } = await replicatedTable();
    const control = await sessionOfTest(primary.url('postgres', 'admin'), PATIENT);
    expect(await endSyncWait(control, session.backend)).toBe(false);
    standby.freeze();
    await session.begin();
    await session.query('insert into t values (1)');
    const committing = session.commitAnswered();
    await untilWaiting(primary, session.backend);
    expect(await endSyncWait(control, session.backend)).toBe(true);
    expect(doubtOf(await committing)).toBe('canceling wait for synchronous replication due to user request');
    expect(await prove(session, ONE_COPY, 0)).toBe(false);
    standby.thaw();
    expect(await prove(session, ONE_COPY, 60_000)).toBe(true);
  });

  it('is not to be had of a session that was ended as it waited, whose commit is there all the same', async () => {
    const { primary, standby, session } = await replicatedTable();
    standby.freeze();
    const outcome = Promise.allSettled([write(session), prove(session, ONE_COPY, 0)]);
    await untilWaiting(primary, session.backend);
    await primary.query(`select pg_terminate_backend(${session.backend})`);
    const [written, proof] = await outcome;
    if (written.status === 'fulfilled') expect(doubtOf(written.value)).toContain('terminating connection');
    else expect(written.reason).toMatchObject({ condition: 'unreachable' });
    expect(proof).toMatchObject({ status: 'rejected', reason: { condition: 'unreachable' } });
    expect(await primary.query('select count(*)::int as n from keyward.t')).toEqual([{ n: 1 }]);
  });

  it('is had of a standby that is named first, too', async () => {
    const { primary, session } = await replicatedTable();
    await primary.configure({ synchronous_standby_names: 'FIRST 1 (second)' });
    await untilInSync(primary, 'sync');
    await write(session);
    expect(await prove(session, ONE_COPY)).toBe(true);
  });
});
