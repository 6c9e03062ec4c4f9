import { describe, expect, it } from 'vitest';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { until } from '../../support/postgres/server.ts';
import { primaryOfTest, standbyOfTest } from '../../support/postgres/servers-of-test.ts';
import { sharedServer } from '../../support/postgres/shared-server.ts';

describe.skipIf(NO_POSTGRES)(`${POSTGRES} for tests`, () => {
  it('is one for all who share it', async () => {
    const asked = await Promise.all([sharedServer(), sharedServer()]);
    expect(asked[0]).toBe(asked[1]);
    expect(await asked[0].query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('streams to a standby, which can be frozen, and takes over when the primary is killed', async () => {
    const primary = await primaryOfTest();
    const standby = await standbyOfTest(primary, 'second');
    const isCopied = async () => (await standby.query(`select to_regclass('made') as is`))[0]?.is !== null;
    standby.freeze();
    await primary.query('create table made (id int)');
    standby.thaw();
    await until(isCopied);
    await primary.kill();
    await expect(primary.query('select 1')).rejects.toThrow();
    await standby.promote();
    await standby.query('insert into made values (1)');
    expect(await standby.query('select id from made')).toEqual([{ id: 1 }]);
  });

  it('goes on with what it has after it was stopped', async () => {
    const primary = await primaryOfTest();
    await primary.query('create table made (id int)');
    await primary.stop();
    await primary.start();
    expect(await primary.query('select id from made')).toEqual([]);
  });
});
