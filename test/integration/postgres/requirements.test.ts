import { describe, expect, it } from 'vitest';
import { type Durability, readFacts, unmetRequirements } from '../../../src/db/postgres/requirements.ts';
import { databaseOfTest, sessionOfTest } from '../../support/postgres/database-of-test.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { replicatedOfTest } from '../../support/postgres/servers-of-test.ts';
import { sharedServer } from '../../support/postgres/shared-server.ts';

const copies = (number: number): Durability => ({ mode: 'replicated', copies: number });

describe.skipIf(NO_POSTGRES)(`what is wanted of ${POSTGRES}`, () => {
  it('a server with as many standbys in sync as configured has', async () => {
    const { primary } = await replicatedOfTest();
    const facts = await readFacts(await sessionOfTest(primary.url()));
    expect(facts).toMatchObject({
      holdsLocks: true,
      seesStandbys: true,
      standbyNames: 'ANY 1 (second)',
      inSync: 1,
    });
    expect(facts.version).toBeGreaterThanOrEqual(150_000);
    expect(unmetRequirements(facts, copies(1))).toEqual([]);
    expect(unmetRequirements(facts, copies(2))).toEqual(['standbys in sync: 1; database.copies: 2']);
    await primary.query('revoke pg_monitor from keyward');
    const blind = await readFacts(await sessionOfTest(primary.url()));
    expect(unmetRequirements(blind, copies(1))).toEqual([
      'the role cannot see how far standbys are: grant pg_monitor to it',
      'standbys in sync: 0; database.copies: 1',
    ]);
  });

  it('a single server has, where it is to be single', async () => {
    const facts = await readFacts(await sessionOfTest(await databaseOfTest({ isEmpty: true })));
    expect(unmetRequirements(facts, { mode: 'single' })).toEqual([]);
    expect(unmetRequirements(facts, copies(1))).toEqual([
      'synchronous_standby_names is empty: no commit waits for a standby',
    ]);
  });

  it('leaves no lock behind', async () => {
    const session = await sessionOfTest(await databaseOfTest({ isEmpty: true }));
    await readFacts(session);
    const locks = `select from pg_locks where locktype = 'advisory' and pid = ${session.backend}`;
    expect(await (await sharedServer()).query(locks)).toEqual([]);
  });
});
