import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';

const DEADLINE_MS = 180_000;
const A_MINUTE = { timeout: 60_000, interval: 100 };
let service: RunningService;
let sign: { payments: string; mail: string };

beforeAll(async () => {
  service = await startService({ config: { audit: { checkpoint_seconds: 1 } } });
  const [payments, mail] = [
    await service.provision({ id: 'payments' }),
    await service.provision({ id: 'mail' }),
  ];
  sign = { payments: payments.sign, mail: mail.sign };
}, DEADLINE_MS);

afterAll(() => service.remove());

const database = () => service.configFile.replace(/config\.yaml$/, 'keyward.db');
const issue = async (scope: 'payments' | 'mail') =>
  (await service.data('POST', `/v1/scopes/${scope}/tokens`, sign[scope], { claims: { sub: 'alice' } }))
    .status;

describe('a service whose registry is signed', () => {
  it('starts again on what it provisioned', async () => {
    service = await service.restart();
    expect([await issue('payments'), await issue('mail')]).toEqual([201, 201]);
    expect(service.log.filter(({ event }) => event === 'registry.signature_invalid')).toEqual([]);
  });

  it('refuses a lengthened policy with one critical event, and the other scope signs', async () => {
    await service.stop();
    query(
      database(),
      `UPDATE scopes SET policy_json = replace(policy_json, '3600', '7200') WHERE id = 'mail'`,
    );
    service = await service.restart();
    expect([await issue('payments'), await issue('mail')]).toEqual([201, 404]);
    const why = 'it differs from what was signed: policy_json';
    expect(service.log).toContainEqual(expect.objectContaining({ table: 'scopes', id: 'mail', why }));
    const critical = `SELECT type, subject FROM security_events WHERE severity = 'critical'`;
    expect(query(database(), critical)).toEqual([
      { type: 'registry.signature_invalid', subject: 'scopes:mail' },
    ]);
    query(
      database(),
      `UPDATE scopes SET policy_json = replace(policy_json, '7200', '3600') WHERE id = 'mail'`,
    );
    service = await service.restart();
    expect(await issue('mail')).toBe(201);
  });

  it(
    'seals no head that somebody else wrote while the service runs, and tells of it',
    async () => {
      const told = () =>
        query(
          database(),
          `SELECT severity, subject FROM security_events WHERE subject LIKE 'registry_head:%'`,
        );
      const checkpoints = () => Number(query(database(), 'SELECT max(number) AS n FROM checkpoints')[0]?.n);
      expect(told()).toEqual([]);
      const [own] = query(database(), 'SELECT signature FROM registry_head');
      query(database(), `UPDATE registry_head SET signature = 'x' RETURNING 1`);
      await vi.waitFor(
        () => expect(told()).toEqual([{ severity: 'critical', subject: 'registry_head:1' }]),
        A_MINUTE,
      );
      const last = checkpoints();
      query(database(), `UPDATE registry_head SET signature = '${own?.signature}' RETURNING 1`);
      await vi.waitFor(() => expect(checkpoints()).toBeGreaterThan(last), A_MINUTE);
      expect(told()).toHaveLength(1);
    },
    DEADLINE_MS,
  );

  it('does not start without signatures, and signs none of its rows anew', async () => {
    await service.stop();
    forgetSignatures(service.configFile);
    await expect(service.restart()).rejects.toThrow('The registry has rows and no signature');
  });
});

/** No signature, no checkpoint, and no sink that has seen another. */
function forgetSignatures(configFile: string): void {
  const file = configFile.replace(/config\.yaml$/, 'keyward.db');
  for (const table of [
    'registry_rows',
    'registry_buckets',
    'registry_head',
    'checkpoints',
    'audit_deliveries',
  ]) {
    query(file, `DELETE FROM ${table}`);
  }
  rmSync(configFile.replace(/config\.yaml$/, 'audit.jsonl'));
}
