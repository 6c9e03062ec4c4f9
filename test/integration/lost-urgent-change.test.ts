import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { furtherFront } from '../support/further-front.ts';
import { DATABASE_URL } from '../support/initialised.ts';
import { addSyncStandby } from '../support/postgres/in-sync.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type PostgresServer, startPrimary } from '../support/postgres/server.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const within = { timeout: 120_000, interval: 100 };
/** A standby is known to every verifier at once. */
const policy = { jwks_max_age_seconds: 1, max_stale_seconds: 0, clock_skew_seconds: 0 };

describe.skipIf(NO_POSTGRES)(`a compromise that a promotion of ${POSTGRES} loses`, () => {
  const servers: PostgresServer[] = [];
  let fronts: readonly [RunningService, RunningService];
  let clients: { sign: string; verify: string };

  beforeAll(async () => {
    const primary = await startPrimary();
    servers.push(primary);
    await primary.query('create database keyward owner keyward template template0');
    await standbyOf(primary, 'second');
    const url = primary.url('keyward');
    const url_file = join(primary.folder, DATABASE_URL);
    writeFileSync(url_file, url, { mode: 0o600 });
    const first = await startService({ config: { database: { url_file } } });
    clients = await first.provision({ id: 'payments', policy });
    fronts = [first, await furtherFront(first, url)];
  });
  afterAll(async () => {
    await Promise.all(fronts?.map((front) => front.stop()) ?? []);
    await fronts?.[0].remove();
    await Promise.all(servers.map((server) => server.remove()));
  });

  async function standbyOf(server: PostgresServer, name: string): Promise<PostgresServer> {
    const added = await addSyncStandby(server, name);
    servers.push(added);
    return added;
  }

  const check = async ({ data }: RunningService, token: string) =>
    (await data('POST', '/v1/scopes/payments/verify', clients.verify, { token })).body;

  it('is ordered anew where another front, which never saw it, has changed the same key since', async () => {
    const [told, other] = fronts;
    const [primary, standby] = servers as [PostgresServer, PostgresServer];
    const issued = await told.data('POST', '/v1/scopes/payments/tokens', clients.sign, {
      claims: { sub: 'alice' },
    });
    const { keys } = (await told.operations('GET', '/v1/admin/keys?scope=payments')).body;
    const { kid } = keys.find(({ state }: { state: string }) => state === 'active');
    const stored = async () =>
      (await standby.query(`select state from keyward.signing_keys where kid = '${kid}'`, 'keyward'))[0]
        ?.state;

    process.kill(other.process.pid ?? 0, 'SIGSTOP');
    standby.freeze();
    const { body } = await told.operations('POST', `/v1/admin/keys/${kid}/compromise`, {
      reason: 'seen in a dump',
    });
    expect(body).toMatchObject({ already: false, replicated: false });
    await primary.kill();
    await standby.kill();
    await standby.start();
    await standby.promote();
    await standbyOf(standby, 'third');
    writeFileSync(join(dirname(other.configFile), DATABASE_URL), standby.url('keyward'));
    process.kill(other.process.pid ?? 0, 'SIGCONT');

    const rotate = () => other.operations('POST', '/v1/admin/scopes/payments/rotate', { reason: 'planned' });
    await expect.poll(async () => (await rotate()).status, within).toBe(200);
    expect(await stored()).toBe('deactivated');
    writeFileSync(join(primary.folder, DATABASE_URL), standby.url('keyward'));
    await expect.poll(stored, within).toBe('compromised');
    for (const front of fronts)
      await expect
        .poll(() => check(front, issued.body.token), within)
        .toMatchObject({ valid: false, reason: 'key_compromised' });
    const rows = await standby.query(
      `select details_json from keyward.audit_events where subject = 'key:${kid}' and type = 'key.compromised'`,
      'keyward',
    );
    expect(rows.map(({ details_json }) => JSON.parse(String(details_json)))).toMatchObject([
      { why: 'before a promotion of the database lost it: seen in a dump' },
    ]);
  });
});
