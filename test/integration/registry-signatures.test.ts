import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type RunningService, startService } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';

const DEADLINE_MS = 60_000;
let service: RunningService;
let sign: { payments: string; mail: string };

beforeAll(async () => {
  service = await startService();
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
    expect(query(database(), 'SELECT type, severity, subject FROM security_events')).toEqual([
      { type: 'registry.signature_invalid', severity: 'critical', subject: 'scopes:mail' },
    ]);
    query(
      database(),
      `UPDATE scopes SET policy_json = replace(policy_json, '7200', '3600') WHERE id = 'mail'`,
    );
    service = await service.restart();
    expect(await issue('mail')).toBe(201);
  });

  it('does not start without signatures, since init named them in the configuration', async () => {
    await service.stop();
    const config = parse(readFileSync(service.configFile, 'utf8'));
    expect(config.hsm.registry_signed).toBe(true);
    forgetSignatures(service.configFile);
    await expect(service.restart()).rejects.toThrow('The registry was signed once and has no signature now');
  });
});

describe('a service of an older version', () => {
  it(
    'is signed at its first start, with a warning, and starts as usual from then on',
    async () => {
      let running = await startService();
      try {
        const { sign } = await running.provision({ id: 'payments' });
        await running.stop();
        forgetSignatures(running.configFile);
        const { hsm, ...config } = parse(readFileSync(running.configFile, 'utf8'));
        const { registry_signed, ...older } = hsm;
        writeFileSync(running.configFile, stringify({ ...config, hsm: older }));
        running = await running.restart();
        expect(signedForTheFirstTime(running)).toMatchObject([{ rows: 13 }]);
        running = await running.restart();
        expect(signedForTheFirstTime(running)).toEqual([]);
        const claims = { sub: 'alice' };
        const answer = await running.data('POST', '/v1/scopes/payments/tokens', sign, { claims });
        expect(answer.status).toBe(201);
      } finally {
        await running.remove();
      }
    },
    DEADLINE_MS,
  );
});

const signedForTheFirstTime = ({ log }: RunningService) =>
  log.filter(({ msg }) => String(msg).startsWith('registry of an older version'));

/** The database as before migration 0005, and no sink that has seen another. */
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
