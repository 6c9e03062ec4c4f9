import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connect as connectSession } from '../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../src/db/postgres/connection-string.ts';
import { type HeardEvent, readEvents } from '../support/event-reader.ts';
import { furtherFront } from '../support/further-front.ts';
import { createDatabase } from '../support/postgres/create-database.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The socket of the server that the connection string names. */
function connectTo(url: string): Socket {
  const { searchParams } = new URL(url);
  return connect(`${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`);
}

describe.skipIf(NO_POSTGRES)(`two fronts on ${POSTGRES}`, () => {
  let fronts: readonly [RunningService, RunningService];
  let clients: { sign: string; verify: string };
  let databaseUrl: string;
  const folder = temporaryFolder();

  beforeAll(async () => {
    const { url } = await createDatabase();
    databaseUrl = url;
    const url_file = join(folder.path, 'database-url');
    writeFileSync(url_file, url, { mode: 0o600 });
    const first = await startService({ config: { database: { url_file, durability: 'single' } } });
    clients = await first.provision({ id: 'payments' });
    fronts = [first, await furtherFront(first)];
  });
  afterAll(async () => {
    await Promise.all(fronts?.map((front) => front.stop()) ?? []);
    await fronts?.[0].remove();
    folder.remove();
  });

  const issue = (front: RunningService, scope = 'payments', { sign } = clients) =>
    front.data('POST', `/v1/scopes/${scope}/tokens`, sign, { claims: { sub: 'alice' } });
  const verify = async (front: RunningService, token: string, scope = 'payments', { verify } = clients) =>
    (await front.data('POST', `/v1/scopes/${scope}/verify`, verify, { token })).body;
  const within = { timeout: 60_000, interval: 50 };

  it('each accept what the other has issued, at once', async () => {
    for (let n = 0; n < 20; n += 1) {
      const [from, to] = n % 2 === 0 ? fronts : [...fronts].reverse();
      const { status, body } = await issue(from as RunningService);
      expect(status).toBe(201);
      expect(await verify(to as RunningService, body.token)).toMatchObject({ valid: true });
    }
  });

  it('obey a revocation and a compromise that the other was told of', async () => {
    const [first, second] = fronts;
    const { token } = (await issue(second)).body;
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    await first.act('POST', '/v1/admin/revocations', { scope: 'payments', jti, reason: 'test' });
    await expect.poll(() => verify(second, token), within).toMatchObject({ valid: false, reason: 'revoked' });
    const { kid } = (await issue(second)).body;
    await first.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'test' });
    const { status, body } = await issue(second);
    expect(status).toBe(201);
    expect(body.kid).not.toBe(kid);
    expect(await verify(first, body.token)).toMatchObject({ valid: true });
  });

  it('serve a scope that was made at the other', async () => {
    const [first, second] = fronts;
    for (const [maker, other] of [fronts, [second, first] as const]) {
      const id = maker === first ? 'orders' : 'refunds';
      const made = await maker.provision({ id });
      await expect.poll(async () => (await issue(other, id, made)).status, within).toBe(201);
      const { token } = (await issue(maker, id, made)).body;
      expect(await verify(other, token, id, made)).toMatchObject({ valid: true });
    }
  });

  it('end where their start fails, also once they listen', async () => {
    const [first] = fronts;
    const proxy = createServer((front) => {
      const server = connectTo(databaseUrl).on('error', () => front.destroy());
      front.on('error', () => server.destroy()).pipe(server);
      server.pipe(front);
      front.on('data', (bytes: Buffer) => {
        if (!bytes.includes('notifications.configured')) return;
        proxy.close();
        for (const each of [front, server]) each.destroy();
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const { pathname } = new URL(databaseUrl);
    const url = `postgres://keyward@127.0.0.1:${port}${pathname}?sslmode=disable`;
    await expect(furtherFront(first, url)).rejects.toThrow('the service ended');
  });

  it('know of the verifiers of both: one that follows events here and answers there is not behind', async () => {
    const [first, second] = fronts;
    const headers = { authorization: `Bearer ${clients.verify}` };
    const reader = await readEvents(`${second.dataUrl}/v1/scopes/payments/events?instance=a`, headers);
    onTestFinished(() => reader.cancel());
    // Once it is cancelled nothing comes any more.
    const next = () => reader.next().catch(() => undefined);
    let version: unknown;
    // As a verifier does: the set changes once more when the private half of a compromised key is gone.
    const acknowledging = (async () => {
      for (let heard = await next(); heard; heard = await next()) {
        if (heard.data.version === undefined) continue;
        const ack = { version: heard.data.version, instance: 'a' };
        expect((await first.data('POST', '/v1/scopes/payments/acks', clients.verify, ack)).status).toBe(200);
        version = ack.version;
      }
    })();
    for (const { operations } of fronts) {
      const listed = async () => {
        const { verifiers } = (await operations('GET', '/v1/admin/verifiers?scope=payments')).body;
        return verifiers.map((each: Record<string, unknown>) => ({
          ...each,
          is_newest: each.version === version,
        }));
      };
      await expect
        .poll(listed, within)
        .toMatchObject([
          { instance: 'a', is_newest: true, connected_since: expect.any(Number), lags_for_seconds: null },
        ]);
    }
    reader.cancel();
    await acknowledging;
  });

  it('are both ready, and go on alone when one is killed', async () => {
    const [first, second] = fronts;
    for (const front of fronts)
      expect((await front.data('GET', '/readyz')).body).toMatchObject({ ready: true });
    await first.kill();
    const { token } = (await issue(second)).body;
    expect(await verify(second, token)).toMatchObject({ valid: true });
    const { kid } = (await issue(second)).body;
    await second.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'test' });
    const back = await first.restart();
    fronts = [back, second];
    await pause(1_000);
    expect(await verify(back, token)).toMatchObject({ valid: false });
    expect(await verify(back, (await issue(second)).body.token)).toMatchObject({ valid: true });
    for (const { log } of fronts) {
      const alarms = log.filter(({ event }) =>
        /chain_broken|never_issued|unwitnessed|restored/.test(String(event)),
      );
      expect(alarms).toEqual([]);
    }
  });

  it('obey a revocation also behind rows that nobody of them made', async () => {
    const [first, second] = fronts;
    const session = await connectSession(readConnectionString(databaseUrl));
    onTestFinished(() => session.close());
    const plant = (sequence: string, jti: string) =>
      session.transact(
        `insert into revocations (sequence, scope_id, jti, root_commitment, lapses_at, created_at, revoked_by, reason,
           audit_sequence)
         select ${sequence}, 'payments', '${jti}', root_commitment, lapses_at, created_at, revoked_by, 'planted',
           (select 1000000000 + count(*) from revocations) from revocations order by sequence desc limit 1`,
      );
    const revoke = async (reason: string) => {
      const { token } = (await issue(second)).body;
      const { jti } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
      await first.act('POST', '/v1/admin/revocations', { scope: 'payments', jti, reason });
      return token;
    };
    await revoke('so that there is one');
    const { token } = (await issue(first)).body;
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    const reader = await readEvents(`${second.dataUrl}/v1/scopes/payments/events?instance=b`, {
      authorization: `Bearer ${clients.verify}`,
    });
    onTestFinished(() => reader.cancel());
    await reader.next();

    // It only restricts, and only for as long as it is there.
    await plant('(select max(sequence) + 1 from revocations)', jti);
    await expect.poll(() => verify(second, token), within).toMatchObject({ reason: 'revoked' });
    await session.transact(`delete from revocations where reason = 'planted'`);
    await expect.poll(() => verify(second, token), within).toMatchObject({ valid: true });
    for (const sequence of ['9007199254740000', '9223372036854775807']) await plant(sequence, 'other');
    // Longer than what was last looked at counts.
    await pause(6_000);
    expect(await verify(second, token)).toMatchObject({ valid: true });
    await session.transact(`delete from revocations where reason = 'planted'`);

    const revoked = await revoke('genuine');
    await expect.poll(() => verify(second, revoked), within).toMatchObject({ reason: 'revoked' });
    const { rows } = await session.transact('select max(sequence) as sequence from revocations');
    const isIt = (heard: HeardEvent | undefined) => heard?.data.revocation?.sequence === rows[0]?.sequence;
    let heard = await reader.next();
    while (heard && !isIt(heard)) heard = await reader.next();
    expect(isIt(heard)).toBe(true);
  });
});
