import { createHash } from 'node:crypto';
import { join } from 'node:path';
import pkcs11js from 'pkcs11js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPublicJwk, thumbprint } from '../../src/token/public-jwk.ts';
import { keyward } from '../support/command-line.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY } = pkcs11js;
const SCOPE = '/v1/scopes/payments';
const PATIENCE = { timeout: 60_000, interval: 50 };

let service: RunningService;
let clients: { sign: string; verify: string };
let thief: Workbench;
let decoy: { id: string; hsmId: string; kid: string };

beforeAll(async () => {
  service = await startService();
  clients = await service.provision({ id: 'payments' });
  thief = await openWorkbench(service.hsm);
  decoy = await plant();
}, 60_000);
afterAll(async () => {
  await thief.stop();
  await service.remove();
});

describe('a decoy key', () => {
  it('is in no key set and no list of keys, and nothing is to be reported of it', async () => {
    const published = (await service.data('GET', '/scopes/payments/jwks.json')).body.keys;
    const known = (await service.operations('GET', '/v1/admin/keys?scope=payments')).body.keys;
    expect([published.length, known.length]).toEqual([2, 2]);
    expect(JSON.stringify([published, known])).not.toContain(decoy.kid);
    expect(await findings()).toEqual([]);
    expect(await touches()).toEqual([]);
  });

  it('is announced by a token that bears its kid', async () => {
    const { body } = await verify(await forged({ kid: decoy.kid }));
    expect(body).toEqual({ valid: false, reason: 'unknown_key' });
    expect(await touches(1)).toMatchObject([
      { canary: decoy.id, decoy: 'key', use: 'verify', planted: 'the HSM', scope: 'payments' },
    ]);
  });

  it('is announced by its signature under the kid of the real key', async () => {
    const form = new URLSearchParams({ token: await forged({}) });
    const headers = { authorization: `Bearer ${clients.verify}` };
    const url = `${service.dataUrl}${SCOPE}/introspect`;
    const answer = await fetch(url, { method: 'POST', headers, body: form });
    expect(await answer.json()).toEqual({ active: false });
    expect((await touches(2)).map(({ use }) => use).sort()).toEqual(['introspect', 'verify']);
  });

  it('is not announced by tokens that others signed, or nobody', async () => {
    const token = await issued();
    expect((await verify(token)).body.valid).toBe(true);
    expect((await verify(`${token.slice(0, -4)}AAAA`)).body.reason).toBe('bad_signature');
    expect((await verify('a.b.c')).body.reason).toBe('malformed');
    const stranger = Buffer.from('{"alg":"ES256","typ":"JWT","kid":"somebody"}').toString('base64url');
    expect((await verify([stranger, ...token.split('.').slice(1)].join('.'))).body.reason).toBe(
      'unknown_key',
    );
    expect(await touches(2)).toHaveLength(2);
  });

  it('is announced where another lies under its id, once while it does', async () => {
    await thief.addPublicKey({ hsmId: decoy.hsmId, label: 'kw1.mine' });
    expect(await findings()).toMatchObject([{ kind: 'decoy', hsm_id: decoy.hsmId, kid: decoy.kid }]);
    const [found] = (await touches(3)).filter(({ use }) => use === 'inventory');
    expect(found?.details).toEqual([
      '2 public keys have its id',
      'its public half is labelled kw1.mine',
      expect.stringMatching(/^its public key is /),
    ]);
    await findings();
    expect(await touches(3)).toHaveLength(3);
  });

  it('is announced where it is gone', async () => {
    for (const half of [CKO_PRIVATE_KEY, CKO_PUBLIC_KEY]) await thief.destroy(decoy.hsmId, half);
    await findings();
    const told = async () => (await touches()).map(({ details }) => JSON.stringify(details));
    await expect
      .poll(told, PATIENCE)
      .toContain('["its private half is not there","its public half is not there"]');
  });

  it('is silent once it is retired, and destroyed; a service that starts again keeps the others', async () => {
    const before = (await touches()).length;
    const other = await plant();
    expect(await thief.count(other.hsmId, CKO_PRIVATE_KEY)).toBe(1);
    for (const { id } of [decoy, other]) {
      const { status, body } = await service.operations('POST', `/v1/admin/canaries/${id}/retire`);
      expect([status, body.canary.retired_at]).toEqual([200, expect.any(Number)]);
    }
    expect(await thief.count(other.hsmId, CKO_PRIVATE_KEY)).toBe(0);
    const third = await plant();
    service = await service.restart();
    expect(await findings()).toEqual([]);
    expect((await verify(await forged({ kid: decoy.kid, by: third.hsmId }))).body.valid).toBe(false);
    const all = await touches(before + 1);
    expect(all.filter(({ canary }) => canary === third.id)).toMatchObject([{ use: 'verify' }]);
    expect(all).toHaveLength(before + 1);
  }, 120_000);

  it('is made for a scope that there is', async () => {
    const wanted = { kind: 'key', planted: 'the HSM', scope: 'nowhere' };
    const { status, body } = await service.operations('POST', '/v1/admin/canaries', wanted);
    expect([status, body.code]).toEqual([404, 'unknown_scope']);
  });
});

/** As the thief finds it: what is there now, and was not before. */
async function plant(): Promise<{ id: string; hsmId: string; kid: string }> {
  const before = new Set(await thief.ids(CKO_PRIVATE_KEY));
  const credential = ['--credential-file', join(service.hsm.folder, 'operator')];
  const argv = ['canary', 'create', 'key', '--planted', 'the HSM', '--scope', 'payments'];
  const made = await keyward([...argv, '--url', service.operationsUrl, ...credential, '--json']);
  expect([made.exitCode, made.err]).toEqual([0, '']);
  const [hsmId = ''] = (await thief.ids(CKO_PRIVATE_KEY)).filter((each) => !before.has(each));
  const [point = Buffer.alloc(0)] = await thief.points(hsmId);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const kid = thumbprint(readPublicJwk({ kty: 'EC', crv: 'P-256', x, y }));
  return { id: JSON.parse(made.out).canary.id, hsmId, kid };
}

/** The content of a real token, signed by a decoy. */
async function forged({ kid, by = decoy.hsmId }: { kid?: string; by?: string }): Promise<string> {
  const [header = '', claims = ''] = (await issued()).split('.');
  const own = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...(kid ? { kid } : {}) };
  const input = `${Buffer.from(JSON.stringify(own)).toString('base64url')}.${claims}`;
  const signature = await thief.sign(by, createHash('sha256').update(input).digest());
  return `${input}.${signature.toString('base64url')}`;
}

async function issued(): Promise<string> {
  return (await service.data('POST', `${SCOPE}/tokens`, clients.sign, { claims: { sub: 'a' } })).body.token;
}

const verify = (token: string) => service.data('POST', `${SCOPE}/verify`, clients.verify, { token });

async function findings(): Promise<readonly Record<string, unknown>[]> {
  const { body } = await service.operations('POST', '/v1/admin/inventory', { hsm_token: 'primary' });
  return body.inventories[0].findings;
}

/** Once there are so many: they are told after the answer. */
async function touches(count = 0): Promise<readonly Record<string, unknown>[]> {
  const all = async () =>
    (await service.operations('GET', '/v1/admin/events?type=canary.touched')).body.events.map(
      ({ evidence }: { evidence: Record<string, unknown> }) => evidence,
    );
  await expect.poll(async () => (await all()).length, PATIENCE).toBeGreaterThanOrEqual(count);
  return all();
}
