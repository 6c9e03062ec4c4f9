import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pkcs11js from 'pkcs11js';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { scopeLabel } from '../../src/kernel/scope.ts';
import { keyward } from '../support/command-line.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';

interface Key {
  readonly kid: string;
  readonly hsm_id: string;
  readonly state: string;
  readonly scope: string;
}
interface Finding {
  readonly kind: string;
  readonly kid: string | null;
  readonly hsm_id: string | null;
  readonly details: readonly string[];
}

const SCOPES = ['payments', 'mail', 'orders', 'portal'] as const;
type ScopeId = (typeof SCOPES)[number] | 'vault';
const PATIENCE = { timeout: 60_000, interval: 100 };

let further: SoftHsm;
let service: RunningService;
let bench: Workbench;
let sign: Record<ScopeId, string>;

beforeAll(async () => {
  further = await createSoftHsm('issuer-b');
  service = await startService({ furtherTokens: { 'issuer-b': further } });
  sign = {} as typeof sign;
  for (const id of SCOPES) sign[id] = (await service.provision({ id })).sign;
  bench = await openWorkbench(service.hsm);
});

afterAll(async () => {
  await bench.stop();
  await service.remove();
  further.remove();
});

const look = async (body: object = { hsm_token: 'primary' }) =>
  (await service.operations('POST', '/v1/admin/inventory', body)).body;
/** Of a look that began after the call: one that was under way is joined, and may not have seen what was just done. */
async function findings(): Promise<readonly Finding[]> {
  await look();
  return (await look()).inventories[0].findings;
}
const activeKey = async (scope: ScopeId): Promise<Key> =>
  (await service.operations('GET', `/v1/admin/keys?scope=${scope}`)).body.keys.find(
    ({ state }: Key) => state === 'active',
  );
const issue = async (scope: ScopeId) => {
  const { status, body } = await service.data('POST', `/v1/scopes/${scope}/tokens`, sign[scope], {
    claims: { sub: 'alice' },
  });
  return status === 201 ? 201 : body.code;
};
const keySet = async (scope: ScopeId): Promise<readonly string[]> =>
  (await service.data('GET', `/scopes/${scope}/jwks.json`)).body.keys.map(({ kid }: Key) => kid);
const events = async () =>
  (await service.operations('GET', '/v1/admin/events?severity=critical')).body.events.map(
    ({ type, severity, subject }: Record<string, string>) => [type, severity, subject],
  );
const labelOf = (id: string) =>
  scopeLabel({ id, issuer: 'https://login.example', audience: `https://${id}.example` });

it('an HSM as the registry has it is nothing to report, and every key on it is proven', async () => {
  const { inventories, away } = await look({});
  expect(away).toEqual([]);
  expect(inventories).toMatchObject([
    { hsm_token: 'primary', expected: 8, proven: 8, objects: 20, findings: [], omitted: 0 },
    { hsm_token: 'issuer-b', expected: 0, proven: 0, objects: 2, findings: [] },
  ]);
  expect(inventories[1].token).toMatchObject({ label: 'issuer-b', serial: further.settings.tokenSerial });
  expect((await service.operations('GET', '/v1/admin/inventory')).body.inventories).toEqual(inventories);
  await expect
    .poll(async () => (await service.operations('GET', '/metrics')).body, PATIENCE)
    .toContain('keyward_inventory_findings{hsm_token="primary",kind="missing"} 0\n');
});

it('a key is proven to an auditor, who checks the file with public keys alone', async () => {
  const { kid } = await activeKey('payments');
  const file = join(service.hsm.folder, 'evidence.json');
  const operator = join(service.hsm.folder, 'operator-of-test');
  writeFileSync(operator, `${service.operator}\norigin ${service.operationsUrl}\n`, { mode: 0o600 });
  const there = [
    '--config',
    service.configFile,
    '--url',
    service.operationsUrl,
    '--credential-file',
    operator,
  ];
  const proved = await keyward([...there, 'key', 'prove', kid, '--nonce', 'audit-2026', '--out', file]);
  expect(proved).toMatchObject({ exitCode: 0, err: '' });
  expect(proved.out).toContain('CKA_EXTRACTABLE        false\n');
  const checked = await keyward(['--config', service.configFile, '--json', 'key', 'prove', '--verify', file]);
  expect(JSON.parse(checked.out)).toMatchObject({
    valid: true,
    kid,
    scope: 'payments',
    nonce: 'audit-2026',
    hsm_serial: service.hsm.settings.tokenSerial,
  });
  const said = JSON.parse(readFileSync(file, 'utf8'));
  const [header = '', claims = '', signature = ''] = said.evidence.split('.');
  const other = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), state: 'destroyed' };
  const changed = Buffer.from(JSON.stringify(other)).toString('base64url');
  writeFileSync(file, JSON.stringify({ ...said, evidence: `${header}.${changed}.${signature}` }));
  expect((await keyward(['--config', service.configFile, 'key', 'prove', '--verify', file])).exitCode).toBe(
    1,
  );
});

it('a key that was made beside the service is unexpected, and never adopted', async () => {
  const hsmId = randomBytes(16).toString('hex');
  await bench.generate({ hsmId, label: labelOf('payments') });
  expect(await findings()).toMatchObject([{ kind: 'unexpected', hsm_id: hsmId }]);
  await expect
    .poll(events, PATIENCE)
    .toEqual([['key.unexpected', 'critical', expect.stringMatching(/^key:/)]]);
  expect(await keySet('payments')).toHaveLength(2);
  await bench.destroy(hsmId, pkcs11js.CKO_PRIVATE_KEY);
  await bench.destroy(hsmId, pkcs11js.CKO_PUBLIC_KEY);
  expect(await findings()).toEqual([]);
});

it('a key whose id has a second public half stops serving, and serves again without it', async () => {
  const key = await activeKey('mail');
  await bench.addPublicKey({ hsmId: key.hsm_id, label: labelOf('mail') });
  expect(await findings()).toMatchObject([{ kind: 'duplicate', kid: key.kid }]);
  expect(await issue('mail')).toBe('no_active_key');
  expect(await keySet('mail')).not.toContain(key.kid);
  expect(await issue('orders')).toBe(201);
  await expect.poll(events, PATIENCE).toContainEqual(['key.unproven', 'critical', `key:${key.kid}`]);
});

it('a key under whose id another was put has a public key that differs', async () => {
  const key = await activeKey('orders');
  await bench.destroy(key.hsm_id, pkcs11js.CKO_PRIVATE_KEY);
  await bench.destroy(key.hsm_id, pkcs11js.CKO_PUBLIC_KEY);
  await bench.generate({ hsmId: key.hsm_id, label: labelOf('orders') });
  expect(await findings()).toContainEqual(
    expect.objectContaining({ kind: 'public_key_differs', kid: key.kid }),
  );
  expect(await issue('orders')).toBe('no_active_key');
  await expect.poll(events, PATIENCE).toContainEqual(['key.unproven', 'critical', `key:${key.kid}`]);
});

it('a key that is imported under the id of another, with its halves, is changed in its attributes', async () => {
  const key = await activeKey('portal');
  const standby = (await keySet('portal')).find((kid) => kid !== key.kid);
  await bench.destroy(key.hsm_id, pkcs11js.CKO_PRIVATE_KEY);
  await bench.importPrivateKey({ hsmId: key.hsm_id, label: labelOf('portal') });
  const changed = (await findings()).find(({ kind }) => kind === 'changed');
  expect(changed).toMatchObject({ kid: key.kid });
  expect(changed?.details).toContain('CKA_LOCAL is false and must be true');
  expect(await issue('portal')).toBe('no_active_key');
  expect(await keySet('portal')).toEqual([standby]);
});

it('keys whose objects are away are missing, as a fresh process alone may say, and the others serve', async () => {
  const [folder = ''] = readdirSync(service.hsm.tokenFolder);
  const objects = join(service.hsm.tokenFolder, folder);
  const aside = join(service.hsm.folder, 'aside');
  const before = new Set(readdirSync(objects));
  sign = { ...sign, ...{ vault: (await service.provision({ id: 'vault' })).sign } };
  const files = readdirSync(objects).filter((file) => !before.has(file));
  const key = await activeKey('vault');
  mkdirSync(aside);
  for (const file of files) renameSync(join(objects, file), join(aside, file));
  const missing = (await findings()).filter(({ kind }) => kind === 'missing');
  expect(missing.map(({ kid }) => kid).toSorted()).toEqual([...(await keySet('vault'))].toSorted());
  expect(missing.map(({ details }) => details)).toEqual(
    Array(2).fill(['its private and its public half is not there']),
  );
  await expect.poll(events, PATIENCE).toContainEqual(['key.missing', 'critical', `key:${key.kid}`]);
  expect(await issue('payments')).toBe(201);
  for (const file of files) renameSync(join(aside, file), join(objects, file));
  await expect.poll(() => issue('vault'), PATIENCE).toBe(201);
  expect((await findings()).map(({ kind }) => kind)).not.toContain('missing');
});

it('an unknown HSM token is refused, and one that is away is named beside what the others hold', async () => {
  const { status, body } = await service.operations('POST', '/v1/admin/inventory', { hsm_token: 'ghost' });
  expect([status, body.code]).toEqual([422, 'unknown_hsm_token']);
  renameSync(further.tokenFolder, join(further.folder, 'aside'));
  mkdirSync(further.tokenFolder);
  // A look that was under way when the token went may have seen it.
  await vi.waitFor(async () => {
    const answer = await look({});
    expect(answer.inventories.map((each: { hsm_token: string }) => each.hsm_token)).toEqual(['primary']);
    expect(answer.away).toMatchObject([{ hsm_token: 'issuer-b', code: 'hsm_unavailable' }]);
  }, 20_000);
});
