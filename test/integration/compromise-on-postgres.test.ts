import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSyncStandby } from '../support/postgres/in-sync.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type PostgresServer, startPrimary } from '../support/postgres/server.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const SCOPES = ['payments', 'refunds'] as const;
type ScopeId = (typeof SCOPES)[number];

describe.skipIf(NO_POSTGRES)(`a compromise while no standby of ${POSTGRES} answers`, () => {
  const servers: PostgresServer[] = [];
  let primary: PostgresServer;
  let standby: PostgresServer;
  let service: RunningService;
  let urlFile: string;
  const clients = new Map<ScopeId, { sign: string; verify: string }>();

  beforeAll(async () => {
    primary = await startPrimary();
    servers.push(primary);
    await primary.query('create database keyward owner keyward template template0');
    standby = await standbyOf(primary, 'second');
    urlFile = join(primary.folder, 'database-url');
    writeFileSync(urlFile, primary.url('keyward'));
    service = await startService({ config: { database: { url_file: urlFile } } });
    for (const id of SCOPES) clients.set(id, await service.provision({ id }));
  });
  afterAll(async () => {
    await service?.remove();
    await Promise.all(servers.map((server) => server.remove()));
  });

  async function standbyOf(server: PostgresServer, name: string): Promise<PostgresServer> {
    const added = await addSyncStandby(server, name);
    servers.push(added);
    return added;
  }

  const issue = (id: ScopeId) =>
    service.data('POST', `/v1/scopes/${id}/tokens`, clients.get(id)?.sign, { claims: { sub: 'alice' } });
  const check = async (id: ScopeId, token: string) =>
    (await service.data('POST', `/v1/scopes/${id}/verify`, clients.get(id)?.verify, { token })).body;
  const keySet = async (id: ScopeId) =>
    (await service.data('GET', `/scopes/${id}/jwks.json`)).body.keys.map(({ kid }: { kid: string }) => kid);
  const owedFile = () => join(dirname(service.configFile), 'ledger-archive.owed');
  const compromise = (kid: string) =>
    service.operations('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'seen in a dump' });

  async function issuing(id: ScopeId): Promise<string> {
    for (;;) {
      const { status, body } = await issue(id);
      if (status === 201) return body.token;
      expect(status).toBe(503);
      await pause(200);
    }
  }

  async function activeKid(id: ScopeId): Promise<string> {
    const { keys } = (await service.operations('GET', `/v1/admin/keys?scope=${id}`)).body;
    return keys.find(({ state }: { state: string }) => state === 'active').kid;
  }

  const stored = async (server: PostgresServer, kid: string) =>
    (await server.query(`select state from keyward.signing_keys where kid = '${kid}'`, 'keyward'))[0]?.state;
  const toldOf = async (server: PostgresServer, kid: string) =>
    (
      await server.query(
        `select details_json from keyward.audit_events where subject = 'key:${kid}' and type = 'key.compromised'`,
        'keyward',
      )
    ).map(({ details_json }) => JSON.parse(String(details_json)));

  it('waits for none, nor behind records that do; another follows it, and both are replicated once one is back', async () => {
    const tokens = new Map<ScopeId, string>();
    for (const id of SCOPES) tokens.set(id, await issuing(id));
    standby.freeze();
    const waiting = Array.from({ length: 4 }, () => issue('payments'));
    await pause(100);
    for (const id of SCOPES) {
      const kid = await activeKid(id);
      const { status, body } = await compromise(kid);
      expect([status, body.already, body.replicated]).toEqual([200, false, false]);
      expect(await check(id, tokens.get(id) ?? '')).toMatchObject({
        valid: false,
        reason: 'key_compromised',
      });
      expect(await keySet(id)).not.toContain(kid);
      expect((await compromise(kid)).body).toMatchObject({ already: true, replicated: false });
    }
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(503);
    standby.thaw();
    const { keys } = (await service.operations('GET', '/v1/admin/keys')).body;
    const [compromised] = keys.filter(({ state }: { state: string }) => state === 'compromised');
    await expect
      .poll(async () => (await compromise(compromised.kid)).body, { timeout: 60_000 })
      .toMatchObject({ already: true, replicated: true });
    for (const id of SCOPES) expect(await check(id, await issuing(id))).toMatchObject({ valid: true });
    expect(await toldOf(primary, compromised.kid)).toHaveLength(1);
  });

  it('that a promotion has lost is committed again by itself', async () => {
    const token = await issuing('payments');
    const kid = await activeKid('payments');
    standby.freeze();
    expect((await compromise(kid)).body).toMatchObject({ already: false, replicated: false });
    expect(await stored(primary, kid)).toBe('compromised');
    await primary.kill();
    await standby.kill();
    await standby.start();
    await standby.promote();
    expect(await stored(standby, kid)).toBe('active');
    expect(await check('payments', token)).toMatchObject({ valid: false, reason: 'key_compromised' });
    await standbyOf(standby, 'third');
    writeFileSync(urlFile, standby.url('keyward'));
    await expect.poll(() => stored(standby, kid), { timeout: 60_000 }).toBe('compromised');
    expect(await toldOf(standby, kid)).toMatchObject([{ repeated: true, why: 'seen in a dump' }]);
    await expect
      .poll(async () => (await compromise(kid)).body, { timeout: 60_000 })
      .toMatchObject({ already: true, replicated: true });
    expect(await check('payments', token)).toMatchObject({ valid: false, reason: 'key_compromised' });
    expect(await check('payments', await issuing('payments'))).toMatchObject({ valid: true });
    expect((await compromise(await activeKid('payments'))).body).toMatchObject({ already: false });
    service = await service.restart();
    expect(await check('payments', token)).toMatchObject({ valid: false, reason: 'key_compromised' });
  });

  it('that a promotion has lost while the service was killed is made again by its next start', async () => {
    const [primary, standby] = servers.slice(-2) as [PostgresServer, PostgresServer];
    const token = await issuing('payments');
    const kid = await activeKid('payments');
    standby.freeze();
    expect((await compromise(kid)).body).toMatchObject({ already: false, replicated: false });
    await service.kill();
    await primary.kill();
    await standby.kill();
    await standby.start();
    await standby.promote();
    expect(await stored(standby, kid)).toBe('active');
    await standbyOf(standby, 'fourth');
    writeFileSync(urlFile, standby.url('keyward'));
    service = await service.restart();
    expect(await check('payments', token)).toMatchObject({ valid: false, reason: 'key_compromised' });
    expect(await keySet('payments')).not.toContain(kid);
    expect(await toldOf(standby, kid)).toMatchObject([
      { why: 'before a promotion of the database lost it: seen in a dump' },
    ]);
    await service.kill();
    service = await service.restart();
    expect(await toldOf(standby, kid)).toHaveLength(1);
    expect(await check('payments', await issuing('payments'))).toMatchObject({ valid: true });
    await expect.poll(() => existsSync(owedFile()), { timeout: 60_000 }).toBe(false);
  });

  it('of a key whose row is refused at the next start stays in the file until the row is back', async () => {
    const [primary, standby] = servers.slice(-2) as [PostgresServer, PostgresServer];
    const kid = await activeKid('refunds');
    standby.freeze();
    expect((await compromise(kid)).body).toMatchObject({ already: false, replicated: false });
    await service.kill();
    const kept = readFileSync(owedFile(), 'utf8').split('\n');
    const forged = `${kept.find((line) => line.includes(kid))?.replaceAll(kid, 'k9')}\n`;
    appendFileSync(owedFile(), forged);
    await primary.kill();
    await standby.kill();
    await standby.start();
    await standby.promote();
    await standbyOf(standby, 'fifth');
    writeFileSync(urlFile, standby.url('keyward'));
    const shift = (by: string) =>
      standby.query(
        `update keyward.signing_keys set sign_until = sign_until ${by} where kid = '${kid}'`,
        'keyward',
      );
    await shift('+ 1');
    service = await service.restart();
    const told = await service.logged(({ file, subject }) => file === owedFile() && subject === `key:${kid}`);
    expect(told).toMatchObject({ level: 50, type: 'key.compromised' });
    const named = await service.logged(({ lines }) => lines !== undefined);
    expect(named).toMatchObject({ level: 50, file: owedFile(), more: 0 });
    expect(named.lines).toEqual([expect.stringMatching(/^key\.compromised key:k9/)]);
    expect(readFileSync(owedFile(), 'utf8')).toContain(kid);
    await service.kill();
    await shift('- 1');
    service = await service.restart();
    expect(await stored(standby, kid)).toBe('compromised');
    await expect.poll(() => readFileSync(owedFile(), 'utf8'), { timeout: 60_000 }).toBe(forged);
    expect(service.log.filter(({ lines }) => lines !== undefined)).toHaveLength(1);
  });

  it('stays in the file while the audit key has not certified the run that took it, and no longer', async () => {
    const [, standby] = servers.slice(-2) as [PostgresServer, PostgresServer];
    const { pinFile } = service.hsm.settings;
    const kid = await activeKid('payments');
    await service.kill();
    renameSync(pinFile, `${pinFile}.away`);
    service = await service.restart();
    standby.freeze();
    expect((await compromise(kid)).body).toMatchObject({ already: false, replicated: false });
    standby.thaw();
    const again = async () => (await compromise(kid)).body;
    await expect.poll(again, { timeout: 60_000 }).toMatchObject({ already: true, replicated: true });
    await service.logged(({ msg, subject }) => `${msg}`.startsWith('standbys') && subject === `key:${kid}`);
    // Long enough for the task that takes lines away.
    await pause(3_000);
    expect(readFileSync(owedFile(), 'utf8')).toContain(kid);
    renameSync(`${pinFile}.away`, pinFile);
    await expect.poll(() => readFileSync(owedFile(), 'utf8'), { timeout: 60_000 }).not.toContain(kid);
  });
});
