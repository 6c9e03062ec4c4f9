import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';

const DEADLINE_MS = 240_000;
const A_MINUTE = { timeout: 60_000, interval: 200 };

let service: RunningService;
/** By its root event. */
let revoked: { token: string };
let clients: { sign: string; verify: string };
beforeAll(async () => {
  service = await startService();
  clients = await service.provision({ id: 'payments', policy: { root_claim: 'txn' } });
}, DEADLINE_MS);
afterAll(() => service.remove());

const database = () => join(service.hsm.folder, 'keyward.db');
const broken = () =>
  query(database(), `SELECT evidence_json FROM security_events WHERE type = 'audit.chain_broken'`)
    .map(({ evidence_json }) => JSON.parse(evidence_json as string))
    .filter(({ chain }) => chain === 'revocations')
    .map(({ place, why }) => `${place}: ${why}`);

async function issue(txn: string): Promise<{ token: string; jti: string }> {
  const claims = { sub: 'alice', txn };
  return (await service.data('POST', '/v1/scopes/payments/tokens', clients.sign, { claims })).body;
}

async function reasonOf({ token }: { token: string }): Promise<string | undefined> {
  const { body } = await service.data('POST', '/v1/scopes/payments/verify', clients.verify, { token });
  return body.reason;
}

const revoke = (rule: object) =>
  service.operations('POST', '/v1/admin/revocations', { scope: 'payments', ...rule, reason: 'test' });

async function kill(): Promise<void> {
  service.process.kill('SIGKILL');
  await service.stop();
}

it(
  'a revocation whose row is deleted after kill -9 is in force again, and told',
  async () => {
    const [one, two, other] = [await issue('sign-in-1'), await issue('sign-in-2'), await issue('sign-in-3')];
    await revoke({ jti: one.jti });
    await revoke({ jti: two.jti });
    await kill();
    query(database(), 'DELETE FROM revocations WHERE sequence = 2');
    service = await service.restart();
    expect(await Promise.all([one, two, other].map(reasonOf))).toEqual(['revoked', 'revoked', undefined]);
    expect(broken()).toEqual(['revocation 2: it is gone; it was made again from its audit event']);
    await kill();
    service = await service.restart();
    expect(await Promise.all([one, two, other].map(reasonOf))).toEqual(['revoked', 'revoked', undefined]);
    expect(broken()).toHaveLength(1);
  },
  DEADLINE_MS,
);

it(
  'a revocation that is changed while the service runs stays in force and is told',
  async () => {
    revoked = await issue('sign-in-4');
    await revoke({ root: 'sign-in-4' });
    query(database(), 'UPDATE revocations SET lapses_at = 1 WHERE sequence = 4');
    await vi.waitFor(
      () =>
        expect(broken()).toEqual([
          expect.stringMatching(/^revocation 2: it is gone; it was made/),
          expect.stringMatching(/^revocation 4: audit event \d+ tells it otherwise$/),
        ]),
      A_MINUTE,
    );
    expect(await reasonOf(revoked)).toBe('revoked');
  },
  DEADLINE_MS,
);

it(
  'no service starts on a revocation that looks as if it had lapsed',
  async () => {
    await service.stop();
    await expect(service.restart()).rejects.toThrow('revocation 4 is not as it was made');
    query(
      database(),
      `UPDATE revocations SET lapses_at = (SELECT json_extract(details_json, '$.lapses_at') FROM audit_events
       WHERE type = 'revocation.added' AND json_extract(details_json, '$.sequence') = 4) WHERE sequence = 4`,
    );
    service = await service.restart();
    expect(await reasonOf(revoked)).toBe('revoked');
    expect(await reasonOf(await issue('sign-in-5'))).toBeUndefined();
  },
  DEADLINE_MS,
);

it(
  'nothing is revoked where a trigger passes over it, or they have another end, and the answer says so',
  async () => {
    const rule = { jti: 'A'.repeat(22) };
    query(database(), 'CREATE TRIGGER t BEFORE INSERT ON revocations BEGIN SELECT RAISE(IGNORE); END');
    expect(await revoke(rule)).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
    query(database(), 'DROP TRIGGER t');
    expect(await revoke(rule)).toMatchObject({ status: 201 });
    query(database(), 'DELETE FROM revocations WHERE sequence = 5');
    expect(await revoke({ jti: 'B'.repeat(22) })).toMatchObject({
      status: 503,
      body: { code: 'audit_trail_refused' },
    });
    await vi.waitFor(() => expect(broken()).toContain('revocation 5: it is gone'), A_MINUTE);
  },
  DEADLINE_MS,
);
