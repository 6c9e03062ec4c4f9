import { randomUUID } from 'node:crypto';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

const PATH = '/v1/scopes/login/jws';

let service: RunningService;
let sign: string;
let verify: string;

beforeAll(async () => {
  service = await startService({ twoPersons: true });
  ({ sign, verify } = await service.provision({ id: 'login' }));
}, 120_000);
afterAll(() => service.remove());

interface Terms {
  readonly issuer: string;
  readonly audience: string;
  readonly kid: string;
  readonly alg: string;
}

const terms = async (): Promise<Terms> => (await service.data('GET', PATH, sign)).body;

function signingInput({ alg, kid, issuer, audience }: Terms, claims: object = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: audience, iat, exp: iat + 60, jti: randomUUID(), sub: 'alice', ...claims };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ kid, alg, typ: 'JWT' })}.${encode(all)}`;
}

const ask = (input: string) => service.data('POST', PATH, sign, { signing_input: input });
const codeOf = async (input: string) => (await ask(input)).body.code ?? 'signed';
const verdict = async (token: string) =>
  (await service.data('POST', '/v1/scopes/login/verify', verify, { token })).body;

it('is off until two persons have enabled it, and one may turn it off again', async () => {
  expect((await service.data('GET', PATH, sign)).body.code).toBe('external_claims_off');
  const asked = { policy: { external_claims: true } };
  const { status, body } = await service.operations('PATCH', '/v1/admin/scopes/login', asked);
  expect([status, body.proposal.state]).toEqual([202, 'open']);
  expect((await service.data('GET', PATH, sign)).body.code).toBe('external_claims_off');
  const path = `/v1/admin/proposals/${body.proposal.id}/approve`;
  await service.operations('POST', path, undefined, service.approver);
  expect(await terms()).toMatchObject({ issuer: 'https://login.example', audience: 'https://login.example' });
  const off = { policy: { external_claims: false } };
  expect((await service.operations('PATCH', '/v1/admin/scopes/login', off)).status).toBe(200);
  expect((await service.data('GET', PATH, sign)).body.code).toBe('external_claims_off');
  await service.act('PATCH', '/v1/admin/scopes/login', asked);
});

it('gives a token over the very bytes, good to the service and to whoever has the key set', async () => {
  const input = signingInput(await terms(), { nonce: 'n-0S6_WzA2Mj' });
  const { status, body } = await ask(input);
  expect(status).toBe(201);
  expect(body.token.slice(0, body.token.lastIndexOf('.'))).toBe(input);
  expect(await verdict(body.token)).toMatchObject({ valid: true, claims: { nonce: 'n-0S6_WzA2Mj' } });
  const keys = createRemoteJWKSet(new URL(`${service.dataUrl}/scopes/login/jwks.json`));
  const { payload } = await jwtVerify(body.token, keys, { issuer: 'https://login.example' });
  expect(payload.jti).toBe(body.jti);
  const { body: found } = await service.operations('GET', `/v1/admin/ledger?jti=${body.jti}`);
  expect(found.records).toMatchObject([{ scope: 'login', subject: 'alice', kid: body.kid }]);
});

it('takes a jti once: of many at a time, and after a restart', async () => {
  const now = await terms();
  const jti = randomUUID();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, n) => codeOf(signingInput(now, { jti, n }))),
  );
  expect(outcomes.toSorted()).toEqual([...Array(19).fill('jti_used'), 'signed']);
  service = await service.restart();
  expect(await codeOf(signingInput(now, { jti }))).toBe('jti_used');
  expect(await codeOf(signingInput(now))).toBe('signed');
});

it('signs no token of another scope, of another key, or for longer than the policy', async () => {
  const now = await terms();
  expect(await codeOf(signingInput({ ...now, audience: 'https://mail.example' }))).toBe('wrong_audience');
  expect(await codeOf(signingInput({ ...now, issuer: 'https://mail.example' }))).toBe('wrong_issuer');
  const exp = Math.floor(Date.now() / 1000) + 7_200;
  expect(await codeOf(signingInput(now, { exp }))).toBe('ttl_out_of_policy');
  expect(await codeOf(signingInput(now))).toBe('signed');
});

it('tells of a rotation in between by a code, and the token written again is signed', async () => {
  const before = await terms();
  await service.act('POST', `/v1/admin/keys/${before.kid}/compromise`, { reason: 'a test' });
  const { body } = await ask(signingInput(before));
  const after = await terms();
  expect(after.kid).not.toBe(before.kid);
  expect([body.status, body.code]).toEqual([409, 'kid_not_active']);
  expect(body.detail).toContain(after.kid);
  expect(await codeOf(signingInput(after))).toBe('signed');
});
