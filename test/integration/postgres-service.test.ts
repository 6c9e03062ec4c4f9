import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownDatabase } from '../../src/db/open-engine.ts';
import { examine } from '../../src/doctor/index.ts';
import { addSyncStandby, untilInSync } from '../support/postgres/in-sync.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type PostgresServer, startPrimary } from '../support/postgres/server.ts';
import { type RunningService, startService } from '../support/running-service.ts';

/** A service over a primary and a standby that commits wait for. */
describe.skipIf(NO_POSTGRES)(`a service on ${POSTGRES} with a standby`, () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let service: RunningService;
  let sign: string;
  let verify: string;
  let urlFile: string;

  beforeAll(async () => {
    primary = await startPrimary();
    await primary.query('create database keyward owner keyward template template0');
    standby = await addSyncStandby(primary, 'second');
    urlFile = join(primary.folder, 'database-url');
    writeFileSync(urlFile, primary.url('keyward'));
    service = await startService({ config: { database: { url_file: urlFile } } });
    ({ sign, verify } = await service.provision({ id: 'payments' }));
  });
  afterAll(async () => {
    await service?.remove();
    await Promise.all([primary, standby].map((server) => server?.remove()));
  });

  const issue = () => service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } });
  const check = (token: string) => service.data('POST', '/v1/scopes/payments/verify', verify, { token });

  async function issuing(): Promise<string> {
    for (;;) {
      const { status, body } = await issue();
      if (status === 201) return body.token;
      expect(status).toBe(503);
      await pause(200);
    }
  }

  it('issues what verifies', async () => {
    const { status, body } = await issue();
    expect(status).toBe(201);
    expect((await check(body.token)).body).toMatchObject({ valid: true });
  });

  it('lets no command have its database for itself, which says why', async () => {
    const database = { url_file: urlFile, durability: 'replicated', copies: 1 } as const;
    await expect(ownDatabase(database)).rejects.toMatchObject({
      code: 'database_in_use',
      message: expect.stringContaining('stop it first'),
    });
  });

  it('releases nothing while the standby is frozen, and goes on when it is back', async () => {
    standby.freeze();
    const refused = await issue();
    expect(refused.status).toBe(503);
    expect(refused.body).not.toHaveProperty('token');
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    standby.thaw();
    expect((await check(await issuing())).body).toMatchObject({ valid: true });
  });

  it('releases nothing once commits wait for no standby, though the server says nothing of it', async () => {
    await primary.configure({ synchronous_standby_names: '' });
    const { status, body } = await issue();
    expect(status).toBe(503);
    expect(body).not.toHaveProperty('token');
    await primary.configure({ synchronous_standby_names: 'ANY 1 (second)' });
    await untilInSync(primary);
    expect((await check(await issuing())).body).toMatchObject({ valid: true });
  });

  it('is looked at by doctor', async () => {
    const findings = await examine({ configFile: service.configFile, openToken: false });
    expect(findings.find(({ check }) => check === 'database')).toEqual({
      check: 'database',
      level: 'ok',
      summary: expect.stringMatching(/^PostgreSQL \d+\.\d+.*; 1 standbys in sync, 1 asked for$/),
    });
  });

  it('ends once another process has taken the database, and says so', async () => {
    const ended = once(service.process, 'exit');
    await primary.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 4711 and objid = 2`,
    );
    await primary.query('update keyward.slots set owner = gen_random_uuid()::text', 'keyward');
    expect(await ended).toEqual([1, null]);
    await service.logged(({ level, event }) => level === 60 && event === 'database.taken');
    service = await service.restart();
    expect((await check(await issuing())).body).toMatchObject({ valid: true });
  });

  it('keeps every token that it released over the loss of the primary', async () => {
    const released: string[] = [];
    let isOver = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { status, body } = await issue();
        if (status === 201) released.push(body.token);
        else await pause(50);
      }
    });
    while (released.length < 40) await pause(20);
    await primary.kill();
    await standby.promote();
    // Nobody waits for a standby of the new primary until there is one: it is asked for.
    const third = await addSyncStandby(standby, 'third');
    writeFileSync(urlFile, standby.url('keyward'));
    const before = released.length;
    while (released.length < before + 20) await pause(50);
    isOver = true;
    await Promise.all(load);
    try {
      for (const token of released) expect((await check(token)).body).toMatchObject({ valid: true });
      const forged = service.log.filter(({ event }) => event === 'token.forged');
      expect(forged).toEqual([]);
    } finally {
      await third.remove();
    }
  });
});
