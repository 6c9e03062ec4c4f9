import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpAnswer, type RunningService, startService } from '../support/running-service.ts';
import { auditEventsOf, queryStore } from '../support/service-store.ts';

let service: RunningService;
let sign: string;
let verifies: string;
let revokes: string;
let mail: { sign: string; verify: string };

beforeAll(async () => {
  service = await startService();
  const policy = { root_claim: 'txn' };
  ({ sign, verify: verifies } = await service.provision({ id: 'payments', policy }));
  mail = await service.provision({ id: 'mail' });
  revokes = await aClient('payments-revoke', 'payments', 'revoke');
});

afterAll(() => service.remove());

async function aClient(id: string, scope: string, action: string): Promise<string> {
  const { body } = await service.operations('POST', '/v1/admin/clients', { id, description: 'test' });
  await service.operations('POST', '/v1/admin/grants', { client: id, scope, action });
  return body.credential;
}

interface Issued {
  readonly token: string;
  readonly jti: string;
  readonly iat: number;
}

async function issue(claims: object = {}, credential = sign): Promise<Issued> {
  const answer = await service.data('POST', '/v1/scopes/payments/tokens', credential, {
    claims: { sub: 'alice', ...claims },
  });
  expect(answer.status).toBe(201);
  return answer.body;
}

const verify = async ({ token }: Issued) =>
  (await service.data('POST', '/v1/scopes/payments/verify', verifies, { token })).body;

const REVOKED = { valid: false, reason: 'revoked' };
const GOOD = { valid: true };

async function form(path: string, credential: string, parameters: Record<string, string>) {
  const response = await fetch(service.dataUrl + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}` },
    body: new URLSearchParams(parameters),
  });
  return { status: response.status, body: await response.json() };
}

const revoke = (token: string, credential = revokes, scope = 'payments') =>
  form(`/v1/scopes/${scope}/revoke`, credential, { token });

const addRule = (rule: object): Promise<HttpAnswer> =>
  service.operations('POST', '/v1/admin/revocations', rule);

const stored = () => queryStore(service, 'SELECT * FROM revocations ORDER BY sequence');

describe('RFC 7009', () => {
  it('revokes the token that is shown, and no other, for verify and introspect at once', async () => {
    const [one, other] = [await issue(), await issue()];
    expect(await verify(one)).toMatchObject(GOOD);
    expect(await revoke(one.token)).toEqual({ status: 200, body: {} });
    expect(await verify(one)).toEqual(REVOKED);
    expect(await form('/v1/scopes/payments/introspect', verifies, { token: one.token })).toEqual({
      status: 200,
      body: { active: false },
    });
    expect(await verify(other)).toMatchObject(GOOD);
  });

  it('answers 200 for what needs no revoking, and stores nothing of it', async () => {
    const { token } = await issue();
    expect((await revoke(token)).status).toBe(200);
    const before = (await stored()).length;
    const altered = `${token.slice(0, -4)}AAAA`;
    for (const text of [token, altered, 'x', 'e30.e30.e30', randomBytes(9_000).toString('base64url')]) {
      expect(await revoke(text)).toEqual({ status: 200, body: {} });
    }
    expect(await stored()).toHaveLength(before);
  });

  it('wants the grant of that scope, and the token', async () => {
    const { token } = await issue();
    expect(await revoke(token, verifies)).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    });
    expect(await revoke(token, revokes, 'mail')).toMatchObject({ body: { error: 'insufficient_scope' } });
    expect(await form('/v1/scopes/payments/revoke', revokes, {})).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });

  it('takes no token of another scope', async () => {
    const mailRevokes = await aClient('mail-revoke', 'mail', 'revoke');
    const token = await issue();
    expect(await revoke(token.token, mailRevokes, 'mail')).toMatchObject({ status: 200 });
    expect(await verify(token)).toMatchObject(GOOD);
  });
});

describe('rules of the operations plane', () => {
  it('revoke one token by its jti, in one scope or in all', async () => {
    const [here, elsewhere] = [await issue(), await issue()];
    expect((await addRule({ jti: here.jti })).status).toBe(201);
    expect((await addRule({ jti: elsewhere.jti, scope: 'mail' })).status).toBe(201);
    expect(await verify(here)).toEqual(REVOKED);
    expect(await verify(elsewhere)).toMatchObject(GOOD);
  });

  it('revoke every token of a root event, those yet to come included', async () => {
    const [one, two, other] = [
      await issue({ txn: 'sign-in-1' }),
      await issue({ txn: 'sign-in-1' }),
      await issue({ txn: 'sign-in-2' }),
    ];
    await addRule({ root: 'sign-in-1', reason: 'laptop stolen' });
    expect([await verify(one), await verify(two), await verify(other)]).toMatchObject([
      REVOKED,
      REVOKED,
      GOOD,
    ]);
    const next = { claims: { sub: 'alice', txn: 'sign-in-1' } };
    expect(await service.data('POST', '/v1/scopes/payments/tokens', sign, next)).toMatchObject({
      status: 403,
      body: { code: 'revoked' },
    });
    await issue({ txn: 'sign-in-2' });
  });

  it('revoke what a client has had until now, also what is being made in that second', async () => {
    const shop = await aClient('shop', 'payments', 'sign');
    const [theirs, ours] = [await issue({}, shop), await issue()];
    const { body } = await addRule({ client: 'shop', scope: 'payments' });
    expect(body.revocation).toMatchObject({ client: 'shop', issued_until: body.revocation.created_at });
    expect(await verify(theirs)).toEqual(REVOKED);
    expect(await verify(ours)).toMatchObject(GOOD);
  });

  it('revoke every token of a scope within a time, and none of another scope', async () => {
    const ours = await issue();
    const request = { claims: { sub: 'alice' } };
    const { body: theirs } = await service.data('POST', '/v1/scopes/mail/tokens', mail.sign, request);
    await addRule({ scope: 'mail', issued_from: 0, issued_until: theirs.iat - 1 });
    const { token } = theirs;
    const ask = () => service.data('POST', '/v1/scopes/mail/verify', mail.verify, { token });
    expect((await ask()).body).toMatchObject(GOOD);
    await addRule({ scope: 'mail', issued_from: theirs.iat, issued_until: theirs.iat });
    expect((await ask()).body).toEqual(REVOKED);
    expect(await verify(ours)).toMatchObject(GOOD);
  });

  it.each([
    [{}, 422, 'invalid_revocation'],
    [{ scope: 'payments' }, 422, 'invalid_revocation'],
    [{ issued_from: 1, issued_until: 2 }, 422, 'invalid_revocation'],
    [{ scope: 'payments', issued_from: 2, issued_until: 1 }, 422, 'invalid_revocation'],
    [{ jti: 'x', client: 'payments-sign' }, 422, 'invalid_revocation'],
    [{ jti: 'x', scope: 'nowhere' }, 404, 'unknown_scope'],
    [{ client: 'nobody' }, 404, 'unknown_client'],
    [{ jti: 'x', kid: 'y' }, 422, 'unknown_member'],
  ])('refuse %j', async (rule, status, code) => {
    const before = (await stored()).length;
    expect(await addRule(rule)).toMatchObject({ status, body: { code } });
    expect(await stored()).toHaveLength(before);
  });

  it('are listed, the newest first, a page at a time', async () => {
    const { body } = await service.operations('GET', '/v1/admin/revocations?limit=2');
    const [first, second] = body.revocations;
    expect(first.sequence).toBe(second.sequence + 1);
    const next = await service.operations('GET', `/v1/admin/revocations?limit=1&after=${second.sequence}`);
    expect(next.body.revocations[0].sequence).toBe(second.sequence - 1);
  });

  it('hold over a restart, each with its audit event, which does not tell the root event', async () => {
    const [revoked, good] = [await issue({ txn: 'sign-in-3' }), await issue({ txn: 'sign-in-4' })];
    await addRule({ root: 'sign-in-3' });
    service = await service.restart();
    expect(await verify(revoked)).toEqual(REVOKED);
    expect(await verify(good)).toMatchObject(GOOD);
    const events = (await auditEventsOf(service)).filter(({ type }) => type === 'revocation.added');
    expect(events.map(({ details }) => details.sequence)).toEqual(
      (await stored()).map(({ sequence }) => sequence),
    );
    expect(JSON.stringify(events)).not.toContain('sign-in-3');
  });
});
