import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { thumbprint } from '../../../src/token/public-jwk.ts';
import { runAnswered } from '../../support/answered-call.ts';
import { keyward, NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { operationsStub } from '../../support/operations-stub.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { x, y } = publicKey.export({ format: 'jwk' });
const jwk = { kty: 'EC', crv: 'P-256', x: String(x), y: String(y) } as const;
const kid = thumbprint(jwk);

const good = {
  iss: 'https://id.example',
  aud: 'payments',
  iat: NOW - 60,
  exp: NOW + 240,
  sub: 'alice',
  jti: 'j1',
};
function tokenOf(claims: object): string {
  const input = [{ alg: 'ES256', kid, typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

const policy = { token_types: ['JWT'], clock_skew_seconds: 30, max_ttl_seconds: 3_600 };
const key = {
  kid,
  scope: 'payments',
  state: 'active',
  algorithm: 'ES256',
  public_jwk: jwk,
  sign_from: NOW - 600,
};
const recordOf = (claims: object) => ({
  client: 'web',
  digest: hash('sha256', tokenOf(claims).split('.', 2).join('.'), 'base64url'),
});
const page = (records: readonly object[], next: number | null = null) => [200, { records, next }] as const;
const later = { ...good, jti: 'j3' };
const answers = {
  'GET /keys': [200, { keys: [{ ...key, sign_until: NOW + 600 }] }],
  'GET /scopes/payments': [200, { scope: { issuer: good.iss, audience: good.aud, policy } }],
  'GET /ledger?jti=j1&scope=payments&after=0': page([recordOf(good)]),
  'GET /ledger?jti=j2&scope=payments&after=0': page([]),
  'GET /ledger?jti=j3&scope=payments&after=0': page([], 7),
  'GET /ledger?jti=j3&scope=payments&after=7': page([recordOf(later)]),
} as const;

async function inspect(token: string, ...argv: readonly string[]) {
  return inspectText(`Bearer ${token}\n`, ...argv);
}

async function inspectText(text: string, ...argv: readonly string[]) {
  const call = { argv: ['token', 'inspect', './token', ...argv], answers, files: { token: text } };
  const { exitCode, out, err } = await runAnswered(call, folderOfTest());
  const rules = argv.includes('--json') ? JSON.parse(out).rules : [];
  return {
    exitCode,
    out,
    err,
    broken: rules.flatMap(({ rule, holds }: { rule: string; holds: boolean }) =>
      holds === false ? [rule] : [],
    ),
  };
}

it('a good token keeps every rule, and its times are told as times', async () => {
  const { exitCode, out } = await inspect(tokenOf(good));
  expect(exitCode).toBe(0);
  expect(out).toContain('exp  2026-11-23 20:04:00Z (in 4 minutes)\n');
  expect(out).toContain('ok  record          issued to web\n');
  expect(out).toContain('No rule is broken that can be told from here.');
});

it('names each rule that a token breaks, not only the first', async () => {
  const { exitCode, broken } = await inspect(
    tokenOf({ ...good, aud: 'mail', iat: NOW - 7_200, exp: NOW - 60, jti: 'j2' }),
    '--json',
  );
  expect([exitCode, broken]).toEqual([1, ['audience', 'expiry', 'signing window', 'lifetime', 'record']]);
  const altered = tokenOf(good).replace(/.{6}$/, 'AAAAAA');
  expect((await inspect(altered, '--json')).broken).toEqual(['signature']);
});

it('a record counts for the token that it is of, and for no other of its jti', async () => {
  const forged = tokenOf({ ...good, sub: 'mallory' });
  expect((await inspect(forged, '--json')).broken).toEqual(['record']);
  expect((await inspect(forged)).out).toContain('another token of this jti: this one was never issued');
  expect((await inspect(tokenOf(later), '--json')).broken).toEqual([]);
});

it('a token is taken out of the answer that issued it', async () => {
  const answer = { token: tokenOf(good), kid, jti: 'j1', iat: good.iat, exp: good.exp };
  expect(await inspectText(`${JSON.stringify(answer)}\n`)).toMatchObject({ exitCode: 0 });
});

it('what is no token is refused, without asking anybody', async () => {
  expect(await inspect('one.two.three')).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('no token'),
  });
});

it('issue and verify ask the data plane, in the name of a client', async () => {
  const stub = await operationsStub({
    'POST /v1/scopes/payments/tokens': [201, { token: 'a.b.c', kid, jti: 'j1', iat: NOW, exp: NOW + 60 }],
    'POST /v1/scopes/payments/verify': [200, { valid: false, reason: 'revoked' }],
  });
  const [file, token] = ['svc', 'token'].map((name) => join(folderOfTest(), name)) as [string, string];
  const service = ['--data-url', stub.url, '--client-credential', file];
  writeFileSync(token, 'a.b.c\n');
  try {
    writeFileSync(file, 'kw_ops_of_a_test\n');
    const wrong = await keyward(['token', 'verify', 'payments', token, ...service]);
    expect([wrong.exitCode, wrong.err]).toEqual([
      2,
      expect.stringContaining('holds the credential of an operator'),
    ]);
    writeFileSync(file, 'kw_svc_of_a_test\n');
    const issued = await keyward([
      'token',
      'issue',
      'payments',
      '--subject',
      'alice',
      '--ttl',
      '60',
      ...service,
    ]);
    expect(issued).toEqual({ exitCode: 0, out: 'a.b.c\n', err: '' });
    const verified = await keyward(['token', 'verify', 'payments', token, ...service]);
    expect([verified.exitCode, verified.out]).toEqual([1, expect.stringContaining('reason  revoked\n')]);
    expect(stub.seen.map(({ body }) => body)).toEqual([
      { claims: { sub: 'alice' }, ttl_seconds: 60 },
      { token: 'a.b.c' },
    ]);
  } finally {
    await stub.close();
  }
});

it('by a key set file it asks no service', async () => {
  const [set, token] = ['jwks.json', 'token'].map((name) => join(folderOfTest(), name));
  const published = {
    ...jwk,
    kid,
    use: 'sig',
    alg: 'ES256',
    nbf: NOW - 900,
    exp: NOW + 9_000,
    kw_sign_from: NOW - 600,
    kw_sign_until: NOW + 600,
  };
  const kw_policy = {
    ...policy,
    jwks_max_age_seconds: 300,
    max_stale_seconds: 3_600,
    require_subject: true,
    root_claim: null,
  };
  writeFileSync(
    set ?? '',
    JSON.stringify({ keys: [published], kw_scope: 'payments', kw_version: 1, kw_policy }),
  );
  writeFileSync(token ?? '', tokenOf(good));
  const { exitCode, out } = await keyward(['token', 'inspect', token ?? '', '--key-set', set ?? '']);
  expect(exitCode).toBe(0);
  expect(out).toContain('ok  signature       by that key\n');
  expect(out).toContain('-   issuer          https://id.example\n');
});
