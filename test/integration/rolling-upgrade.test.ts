import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Replacement } from '../../scripts/history/seeded-faults.ts';
import { packageVersion } from '../../src/lib/version.ts';
import { furtherFront } from '../support/further-front.ts';
import { otherVersion } from '../support/other-version.ts';
import { createDatabase } from '../support/postgres/create-database.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { queryPostgres } from '../support/store-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIGRATIONS = 'src/db/migrations/index.ts';
const BASELINE = `'0001-baseline': baseline(types)`;
const OWN = `  '0001-baseline': createOwnObjects,\n`;

/** What one more version adds to the tables and the functions. */
const migrating = (name: string, tables: string, functions: string): readonly Replacement[] => [
  { file: MIGRATIONS, from: BASELINE, to: `${BASELINE}, '${name}': { ${tables} }` },
  {
    file: 'src/db/postgres/own-objects.ts',
    from: OWN,
    to: `${OWN}  '${name}': async (db) => { ${functions} },\n`,
  },
];

const APPEND_2 = `
  const { rows } = await sql<{ schema: string }>\`SELECT current_schema() AS schema\`.execute(db);
  const append = statementsFor(rows[0]?.schema ?? '').find((each) => each.startsWith('CREATE FUNCTION kw_append('));
  await sql.raw(String(append).replace('kw_append(', 'kw_append_2(')).execute(db);`;

/** Appends by another function, and has a column more. */
const NEXT: readonly Replacement[] = [
  ...migrating(
    '0002-another-append',
    `async up(db: any) { await db.schema.alterTable('clients').addColumn('note', types.text).execute(); }`,
    APPEND_2,
  ),
  { file: 'src/db/postgres/group-writer.ts', from: 'SELECT kw_append(', to: 'SELECT kw_append_2(' },
];
const RETIRES: Replacement = {
  file: MIGRATIONS,
  from: 'RETIRED: readonly string[] = []',
  to: `RETIRED: readonly string[] = ['function kw_append']`,
};
/** Drops the function that the one before it calls no more. */
const LATER: readonly Replacement[] = [
  ...NEXT,
  ...migrating(
    '0003-one-append-needs-0002',
    'async up() {}',
    `const { rows } = await sql<{ of: string }>\`SELECT oid::regprocedure::text AS of FROM pg_proc
       WHERE proname = 'kw_append' AND pronamespace = current_schema()::regnamespace\`.execute(db);
     await sql.raw(\`DROP FUNCTION \${rows[0]?.of}\`).execute(db);`,
  ),
];

describe.skipIf(NO_POSTGRES)(`fronts of several versions on ${POSTGRES}`, () => {
  const folder = temporaryFolder();
  const [next, later] = [otherVersion('0.2.0', [...NEXT, RETIRES]), otherVersion('0.3.0', LATER)];
  let databaseUrl: string;
  let clients: { sign: string; verify: string };
  let [a, b]: RunningService[] = [];
  const running = () => [a, b].filter((front) => front !== undefined);

  beforeAll(async () => {
    const { url } = await createDatabase();
    databaseUrl = url;
    const url_file = join(folder.path, 'database-url');
    writeFileSync(url_file, url, { mode: 0o600 });
    a = await startService({ config: { database: { url_file, durability: 'single' } } });
    clients = await a.provision({ id: 'payments' });
  });
  afterAll(async () => {
    await Promise.all(running().map((front) => front.stop()));
    await a?.remove();
    for (const each of [next, later, folder]) each.remove();
  });

  const within = { timeout: 60_000, interval: 50 };
  const versions = async () => {
    const rows = await queryPostgres(
      databaseUrl,
      `select holder, code::int as code from keyward.slots where slot > 0 and holder <> '' order by slot`,
    );
    return rows.map(({ holder, code }) => [String(holder).split(' ')[2], code]);
  };

  /** A token of each is accepted by all, and what one is told is known to the others. */
  async function expectTogether(): Promise<void> {
    for (const front of running()) {
      const claims = { sub: 'alice' };
      // A statement that was prepared before its table got a column is refused once.
      await expect.poll(async () => (await front.data('GET', '/readyz')).status, within).toBe(200);
      const issued = await front.data('POST', '/v1/scopes/payments/tokens', clients.sign, { claims });
      expect(issued.status).toBe(201);
      for (const other of running()) {
        const shown = { token: issued.body.token };
        const verified = async () =>
          (await other.data('POST', '/v1/scopes/payments/verify', clients.verify, shown)).body;
        await expect.poll(verified, within).toMatchObject({ valid: true });
      }
      const id = `of-${issued.body.jti.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`;
      await front.act('POST', '/v1/admin/clients', { id, description: 'test' });
      for (const other of running()) {
        const known = async () =>
          (await other.operations('GET', '/v1/admin/clients?limit=1000')).body.clients.map(
            (client: { id: string }) => client.id,
          );
        await expect.poll(known, within).toContain(id);
      }
    }
    for (const { log } of running())
      expect(log.filter(({ event }) => /^database\.|chain|registry|forg/.test(String(event)))).toEqual([]);
  }

  it('refuse one that leaves no room for an older, and go on', async () => {
    await expectTogether();
    await expect(furtherFront(a as RunningService, undefined, later)).rejects.toThrow(
      /the front \S+ \d+ 0\.1\.0 runs an older version, which migration 0003-one-append-needs-0002/,
    );
    expect(await versions()).toEqual([[packageVersion(), 1]]);
    await expectTogether();
  });

  it('go on together, each with the function that it calls', async () => {
    b = await furtherFront(a as RunningService, undefined, next);
    expect(await versions()).toEqual([
      [packageVersion(), 1],
      ['0.2.0', 2],
    ]);
    await expectTogether();
    // The older one, too, may be started anew.
    a = await a?.restart();
    await expectTogether();
  });

  it('go on with the next, once none of the oldest is there', async () => {
    a = await a?.restart(next);
    await expectTogether();
    await b?.stop();
    b = await b?.restart(later);
    expect(await versions()).toEqual([
      ['0.2.0', 2],
      ['0.3.0', 3],
    ]);
    await expectTogether();
  });

  it('let the oldest not come back', async () => {
    await a?.stop();
    await expect(a?.restart({})).rejects.toThrow(
      /0003-one-append-needs-0002 was run, which this version of Keyward is too old for/,
    );
    a = await a?.restart(next);
    await expectTogether();
  });
});
