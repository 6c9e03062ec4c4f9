import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCredential } from '../../src/kernel/credential.ts';
import { digestOf } from '../../src/token/signing-input.ts';
import { keyward } from '../support/command-line.ts';
import { type HttpAnswer, type RunningService, startService } from '../support/running-service.ts';

const SCOPE = '/v1/scopes/payments';
const UNKNOWN = makeCredential('svc').text;

let service: RunningService;
let clients: { sign: string; verify: string };

beforeAll(async () => {
  service = await startService();
  clients = await service.provision({ id: 'payments', policy: { clock_skew_seconds: 0 } });
}, 60_000);
afterAll(() => service.remove());

describe('a decoy credential', () => {
  let file: string;
  let id: string;

  beforeAll(async () => {
    file = join(service.hsm.folder, 'decoy.credential');
    id = await plant(['credential', '--planted', 'home of the build user', '--out', file]);
  });

  it('looks as every other one, and nobody but its file has its text', () => {
    expect(readFileSync(file, 'utf8')).toMatch(/^kw_svc_[0-9A-Za-z]{36}\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(service.log)).not.toContain(secretIn(file));
  });

  it('is answered on the data plane as one that nobody knows, and raises the alarm', async () => {
    const tried = await service.data('POST', `${SCOPE}/tokens`, secretIn(file), { claims: { sub: 'a' } });
    const unknown = await service.data('POST', `${SCOPE}/tokens`, UNKNOWN, { claims: { sub: 'a' } });
    expect(seen(tried)).toEqual(seen(unknown));
    expect([tried.status, tried.body.code]).toEqual([401, 'credential_invalid']);
    expect(await touches(id)).toEqual([
      {
        canary: id,
        decoy: 'credential',
        use: 'authentication',
        planted: 'home of the build user',
        scope: null,
        caller: null,
        remote: expect.stringMatching(/127\.0\.0\.1$/),
        network: '127.0.0.0/24',
        request_id: tried.body.request_id,
        hour: expect.any(Number),
        details: [],
      },
    ]);
  });

  it('raises one alarm an hour of one place, and counts every use, on the operations plane too', async () => {
    const before = await uses('credential', 'authentication');
    for (const _ of [1, 2, 3]) {
      const { status, body } = await service.operations('GET', '/v1/admin/scopes', undefined, secretIn(file));
      expect([status, body.code]).toEqual([401, 'credential_invalid']);
    }
    await until(async () => (await uses('credential', 'authentication')) === before + 3);
    const hours = (await touches(id)).map(({ hour }) => hour);
    expect(new Set(hours).size).toBe(hours.length);
  });

  it('leaves those alone that are no decoys', async () => {
    const before = (await allTouches()).length;
    await service.data('POST', `${SCOPE}/tokens`, clients.sign, { claims: { sub: 'a' } });
    await service.data('POST', `${SCOPE}/tokens`, UNKNOWN, { claims: { sub: 'a' } });
    expect(await allTouches()).toHaveLength(before);
  });

  it('is nobody’s credential, and nobody’s credential becomes a decoy', async () => {
    const digests = [secretIn(file), clients.sign].map((text) => digestOf(text).toString('base64url'));
    const [decoy, real] = digests;
    const client = { id: 'intruder', credential_digest: decoy };
    const canary = { kind: 'credential', planted: 'here', credential_digest: real };
    const answers = [
      await service.operations('POST', '/v1/admin/clients', client),
      await service.operations('POST', '/v1/admin/canaries', canary),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [409, 'credential_taken'],
      [409, 'credential_taken'],
    ]);
  });

  it('opens no door of the operations plane either, where it looks as if it might', async () => {
    const other = join(service.hsm.folder, 'decoy.operator');
    const made = await plant([
      'credential',
      '--planted',
      'jump host',
      '--plane',
      'operations',
      '--out',
      other,
    ]);
    expect(secretIn(other)).toMatch(/^kw_ops_/);
    const { status } = await service.operations('GET', '/v1/admin/scopes', undefined, secretIn(other));
    expect(status).toBe(401);
    expect((await touches(made)).map(({ use }) => use)).toEqual(['authentication']);
  });
});

describe('a decoy token', () => {
  let file: string;
  let id: string;
  let digest: string;

  beforeAll(async () => {
    file = join(service.hsm.folder, 'decoy.token');
    const claims = join(service.hsm.folder, 'claims.json');
    writeFileSync(claims, '{"department": "treasury"}');
    const of = ['--scope', 'payments', '--client', 'payments-sign', '--subject', 'svc-backup'];
    id = await plant(['token', '--planted', 'a wiki page', ...of, '--claims', claims, '--out', file]);
    const token = secretIn(file);
    digest = digestOf(token.slice(0, token.lastIndexOf('.'))).toString('base64url');
  });

  it('is as those are among which it lies, and was recorded', async () => {
    const [, claims = ''] = secretIn(file).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: 'svc-backup',
      department: 'treasury',
      aud: 'https://payments.example',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { body } = await service.operations('GET', `/v1/admin/ledger?jti=${jtiOf(secretIn(file))}`);
    expect(body.records).toMatchObject([{ digest, client: 'payments-sign', scope: 'payments' }]);
  });

  it('is refused by verify as any revoked one, and raises the alarm', async () => {
    const { body } = await verify(secretIn(file));
    expect(body).toEqual({ valid: false, reason: 'revoked' });
    expect(await touches(id)).toMatchObject([
      {
        use: 'verify',
        decoy: 'token',
        planted: 'a wiki page',
        scope: 'payments',
        caller: 'client:payments-verify',
      },
    ]);
  });

  it('raises it with a signature that was altered, and for another scope', async () => {
    const other = await service.provision({ id: 'mail' });
    const altered = `${secretIn(file).slice(0, -4)}AAAA`;
    const { body } = await service.data('POST', '/v1/scopes/mail/verify', other.verify, { token: altered });
    expect(body.valid).toBe(false);
    expect((await touches(id, 2)).map(({ caller }) => caller).sort()).toEqual([
      'client:mail-verify',
      'client:payments-verify',
    ]);
  });

  it('is not active to whoever introspects it, and raises the alarm', async () => {
    const response = await fetch(`${service.dataUrl}${SCOPE}/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clients.verify}` },
      body: new URLSearchParams({ token: secretIn(file) }),
    });
    expect(await response.json()).toEqual({ active: false });
    expect((await touches(id, 3)).map(({ use }) => use)).toContain('introspect');
  });

  it('is known to whoever reports to have seen it, and raises the alarm', async () => {
    const sightings = [{ digest, iat: iatOf(secretIn(file)) }];
    const { body } = await service.data('POST', `${SCOPE}/sightings`, clients.verify, { sightings });
    expect(body).toEqual({ unknown: [] });
    expect((await touches(id, 4)).map(({ use }) => use)).toContain('sighting');
  });

  it('is taken as any other from whoever reports it, and raises the alarm', async () => {
    const { status, body } = await service.data('POST', `${SCOPE}/reports`, undefined, {
      token: secretIn(file),
    });
    expect([status, Object.keys(body)]).toEqual([201, ['report']]);
    expect((await touches(id, 5)).find(({ use }) => use === 'report')).toMatchObject({ caller: null });
  });

  it('leaves those alone that are no decoys: good, revoked, unknown', async () => {
    const good = await issued();
    expect((await verify(good)).body.valid).toBe(true);
    const revoked = await issued();
    await service.operations('POST', '/v1/admin/revocations', { scope: 'payments', jti: jtiOf(revoked) });
    expect((await verify(revoked)).body).toEqual({ valid: false, reason: 'revoked' });
    expect((await verify('no.such.token')).body.valid).toBe(false);
    const sightings = [{ digest: digestOf('another').toString('base64url'), iat: iatOf(good) }];
    await service.data('POST', `${SCOPE}/sightings`, clients.verify, { sightings });
    await service.data('POST', `${SCOPE}/reports`, undefined, { token: good });
    expect(await touches(id, 5)).toHaveLength(5);
  });

  it('goes on to alarm when it has expired, as after a restart', async () => {
    const brief = join(service.hsm.folder, 'brief.token');
    const of = ['--scope', 'payments', '--client', 'payments-sign', '--subject', 'svc-brief', '--ttl', '1'];
    const made = await plant(['token', '--planted', 'a core file', ...of, '--out', brief]);
    service = await service.restart();
    await until(async () => (await verify(secretIn(brief))).body.reason === 'expired');
    expect((await touches(made)).map(({ use }) => use)).toEqual(['verify']);
  }, 120_000);

  it('is not made for a client that may not sign', async () => {
    const wanted = { kind: 'token', planted: 'x', scope: 'payments', client: 'payments-verify', claims: {} };
    const { status, body } = await service.operations('POST', '/v1/admin/canaries', wanted);
    expect([status, body.code]).toEqual([403, 'grant_missing']);
  });
});

describe('a decoy that is tried where it does not belong', () => {
  const files = { credential: '', token: '' };
  const ids = { credential: '', token: '' };

  beforeAll(async () => {
    files.credential = join(service.hsm.folder, 'tried.credential');
    files.token = join(service.hsm.folder, 'tried.token');
    const of = ['--scope', 'payments', '--client', 'payments-sign', '--subject', 'svc-tried'];
    ids.credential = await plant(['credential', '--planted', 'a', '--out', files.credential]);
    ids.token = await plant(['token', '--planted', 'b', ...of, '--out', files.token]);
  });

  it.each([
    ['a token as bearer', 'token', (text: string) => `Bearer ${text}`],
    ['a token with something appended', 'token', (text: string) => `Bearer ${text}.x`],
    ['a credential as user', 'credential', (text: string) => basic(`${text}:`)],
    ['a credential as password', 'credential', (text: string) => basic(`user:${text}`)],
  ] as const)('rings on both planes, and where nothing is: %s', async (_, kind, header) => {
    const before = await uses(kind, 'authentication');
    const headers = { authorization: header(secretIn(files[kind])) };
    const asked = [
      await fetch(`${service.dataUrl}${SCOPE}/verify`, { method: 'POST', headers }),
      await fetch(`${service.operationsUrl}/v1/admin/keys`, { headers }),
      await fetch(`${service.dataUrl}/token`, { headers }),
      await fetch(`${service.operationsUrl}/v1/admin/secrets`, { headers }),
    ];
    expect(asked.map(({ status }) => status)).toEqual([401, 401, 404, 404]);
    await until(async () => (await uses(kind, 'authentication')) === before + 4);
    expect((await touches(ids[kind])).map(({ use }) => use)).toContain('authentication');
  });

  it.each([
    ['a token with something appended', 'token', (text: string) => `${text}.x`],
    ['a credential', 'credential', (text: string) => text],
  ] as const)('rings where it is shown as a token: %s', async (_, kind, shown) => {
    const before = await uses(kind, 'verify');
    const { body } = await verify(shown(secretIn(files[kind])));
    expect(body).toEqual({ valid: false, reason: 'malformed' });
    await until(async () => (await uses(kind, 'verify')) === before + 1);
  });

  it('rings in the body of a client that may not ask, or asks for a scope that is not there', async () => {
    const token = secretIn(files.token);
    const [verified, introspected, revoked] = [
      await uses('token', 'verify'),
      await uses('token', 'introspect'),
      await uses('token', 'revoke'),
    ];
    const form = (path: string) =>
      fetch(`${service.dataUrl}${SCOPE}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${clients.sign}` },
        body: new URLSearchParams({ token }),
      }).then(async (response) => ((await response.json()) as { error: string }).error);
    const json = async (path: string) =>
      (await service.data('POST', path, clients.sign, { token })).body.code;
    expect([
      await json(`${SCOPE}/verify`),
      await json('/v1/scopes/nowhere/verify'),
      await form('introspect'),
      await form('revoke'),
    ]).toEqual(['grant_missing', 'unknown_scope', 'insufficient_scope', 'insufficient_scope']);
    await until(async () => (await uses('token', 'verify')) === verified + 2);
    await until(async () => (await uses('token', 'introspect')) === introspected + 1);
    await until(async () => (await uses('token', 'revoke')) === revoked + 1);
    expect(await touched(ids.token, { use: 'introspect', caller: 'client:payments-sign' })).toBe(true);
  });

  it('rings where it is to be revoked, and is answered as any', async () => {
    await service.act('POST', '/v1/admin/grants', {
      client: 'payments-verify',
      scope: 'payments',
      action: 'revoke',
    });
    const before = await uses('token', 'revoke');
    const answers = await Promise.all([secretIn(files.token), 'no.such.token'].map(revoke));
    expect(answers).toEqual([
      [200, '{}'],
      [200, '{}'],
    ]);
    await until(async () => (await uses('token', 'revoke')) === before + 1);
    expect(await touched(ids.token, { use: 'revoke', caller: 'client:payments-verify' })).toBe(true);
  });
});

describe('decoys are told of', () => {
  it('to auditors, and that somebody looked is in the audit trail', async () => {
    const { body } = await service.operations('GET', '/v1/admin/canaries');
    const first = body.canaries.find(({ planted }: { planted: string }) => planted.startsWith('home'));
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      kind: 'credential',
      planted: 'home of the build user',
      scope: null,
      created_by: 'operator',
      created_at: expect.any(Number),
      retired_at: null,
    });
    const one = await service.operations('GET', `/v1/admin/canaries/${first.id}`);
    expect(one.body).toEqual({ canary: first });
    const trail = JSON.stringify((await service.operations('GET', '/v1/admin/audit?limit=20')).body.events);
    expect(trail).toContain('canaries.listed');
    expect(trail).toContain('canary.shown');
    expect(trail).not.toContain('home of the build user');
  });

  it('to nobody who is an operator alone, who may make them all the same', async () => {
    await service.operations('POST', '/v1/admin/operators/operator/roles', {
      roles: ['operator', 'approver'],
    });
    const refused = await service.operations('GET', '/v1/admin/canaries');
    expect([refused.status, refused.body.code]).toEqual([403, 'role_missing']);
    await plant(['credential', '--planted', 'there', '--out', join(service.hsm.folder, 'another')]);
  });
});

async function plant(argv: readonly string[]): Promise<string> {
  const credential = join(service.hsm.folder, 'operator');
  const where = ['--url', service.operationsUrl, '--credential-file', credential, '--json'];
  const { exitCode, out, err } = await keyward(['canary', 'create', ...argv, ...where]);
  expect([exitCode, err]).toEqual([0, '']);
  return JSON.parse(out).canary.id;
}

const secretIn = (file: string) => readFileSync(file, 'utf8').split('\n', 1).join('');

function seen({ status, headers, body: { request_id: _, ...body } }: HttpAnswer) {
  const named = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
  return { status, headers: named, body };
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

async function revoke(token: string): Promise<[status: number, body: string]> {
  const response = await fetch(`${service.dataUrl}${SCOPE}/revoke`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clients.verify}` },
    body: new URLSearchParams({ token }),
  });
  return [response.status, await response.text()];
}

function verify(token: string): Promise<HttpAnswer> {
  return service.data('POST', `${SCOPE}/verify`, clients.verify, { token });
}

async function issued(): Promise<string> {
  return (await service.data('POST', `${SCOPE}/tokens`, clients.sign, { claims: { sub: 'a' } })).body.token;
}

function claimsOf(token: string): { readonly jti: string; readonly iat: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

const jtiOf = (token: string) => claimsOf(token).jti;
const iatOf = (token: string) => claimsOf(token).iat;

async function allTouches(): Promise<Record<string, unknown>[]> {
  const { body } = await service.operations('GET', '/v1/admin/events?type=canary.touched');
  return body.events.map(({ evidence }: { evidence: Record<string, unknown> }) => evidence);
}

/** Once there are so many: they are told after the answer. */
async function touches(canary: string, count = 1): Promise<Record<string, unknown>[]> {
  const ofIt = async () => (await allTouches()).filter((evidence) => evidence.canary === canary);
  await until(async () => (await ofIt()).length >= count);
  return ofIt();
}

/** Waits until that is told. */
async function touched(canary: string, by: { use: string; caller: string }): Promise<boolean> {
  await until(async () =>
    (await touches(canary)).some(({ use, caller }) => use === by.use && caller === by.caller),
  );
  return true;
}

/** Metrics stand for a second. */
async function uses(kind: string, use: string): Promise<number> {
  await pause(1_000);
  const { body } = await service.operations('GET', '/metrics');
  const line = String(body).match(`keyward_canary_touches_total{kind="${kind}",use="${use}"} (\\d+)`);
  return Number(line?.[1]);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  await expect.poll(holds, { timeout: 20_000, interval: 50 }).toBe(true);
}
