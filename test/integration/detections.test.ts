import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let thief: Workbench;
let web: { sign: string; verify: string };
let mail: { sign: string; verify: string };

beforeAll(async () => {
  service = await startService();
  web = await service.provision({ id: 'web' });
  mail = await service.provision({ id: 'mail' });
  thief = await openWorkbench(service.hsm);
});

afterAll(async () => {
  await thief.stop();
  await service.remove();
});

const list = async (type: string) =>
  (await service.operations('GET', `/v1/admin/events?type=${type}`)).body.events as Record<string, unknown>[];

/** The events of the type once there are so many. */
async function events(type: string, many = 1): Promise<readonly Record<string, unknown>[]> {
  for (;;) {
    const found = await list(type);
    if (found.length >= many) return found;
    await pause(50);
  }
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A token for `web`, signed by the key of `by` past the service. */
async function forge(by: string, header: object = {}): Promise<string> {
  const { keys } = (await service.operations('GET', `/v1/admin/keys?scope=${by}`)).body;
  const { kid, hsm_id } = keys.find(({ state }: { state: string }) => state === 'active');
  const iat = Math.floor(Date.now() / 1000);
  const who = {
    iss: 'https://login.example',
    aud: 'https://web.example',
    sub: 'mallory',
    client_id: 'web-sign',
  };
  const claims = { ...who, iat, exp: iat + 300, jti: randomBytes(16).toString('base64url') };
  const signingInput = `${encode({ alg: 'ES256', typ: 'at+jwt', kid, ...header })}.${encode(claims)}`;
  const signature = await thief.sign(hsm_id, createHash('sha256').update(signingInput).digest());
  return `${signingInput}.${signature.toString('base64url')}`;
}

const verify = async (token: string) =>
  (await service.data('POST', '/v1/scopes/web/verify', web.verify, { token })).body;

/** Asks for a token from another address of the loopback network. */
function issueFrom(localAddress: string, credential: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
    const options = { method: 'POST', localAddress, headers };
    const asking = request(`${service.dataUrl}/v1/scopes/web/tokens`, options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    asking.on('error', reject);
    asking.end(JSON.stringify({ claims: { sub: 'alice' } }));
  });
}

it('a token of another scope’s key is told with all that is known of it, and that key’s forgery too', async () => {
  expect(await verify(await forge('mail'))).toEqual({ valid: false, reason: 'wrong_scope' });
  const [event] = await events('token.cross_scope');
  expect(event).toMatchObject({
    severity: 'critical',
    evidence: { scope: 'web', key_scope: 'mail', client: 'web-verify', names_scope: true, recorded: false },
  });
  expect(await list('token.never_issued')).toMatchObject([{ evidence: { scope: 'mail' } }]);
});

it('a suspicious header is told with whoever was shown it', async () => {
  expect(await verify(await forge('web', { jku: 'https://evil.example/jwks' }))).toMatchObject({
    valid: false,
  });
  expect(await events('token.suspicious_header')).toMatchObject([
    { severity: 'warning', evidence: { scope: 'web', client: 'web-verify', member: 'jku' } },
  ]);
});

it('a client that tries what it may not, again and again, is told once', async () => {
  for (let n = 0; n < 25; n++) {
    const { body } = await service.data('POST', '/v1/scopes/mail/tokens', web.sign, { claims: { sub: 'a' } });
    expect(body.code).toBe('grant_missing');
  }
  expect(await events('client.denied_burst')).toMatchObject([
    { severity: 'warning', subject: 'client:web-sign', evidence: { code: 'grant_missing' } },
  ]);
});

it('where a client is at home is known after a restart', async () => {
  expect(await issueFrom('127.0.0.1', web.sign)).toBe(201);
  service = await service.restart();
  expect(await issueFrom('127.0.0.1', web.sign)).toBe(201);
  expect(await issueFrom('127.0.5.1', web.sign)).toBe(201);
  expect(await issueFrom('127.88.0.1', web.sign)).toBe(201);
  expect(await events('client.new_source', 2)).toMatchObject([
    { severity: 'warning', subject: 'client:web-sign', evidence: { remote: '127.88.0.1', near: false } },
    { severity: 'info', subject: 'client:web-sign', evidence: { remote: '127.0.5.1', near: true } },
  ]);
  expect(await list('client.unusual_rate')).toEqual([]);
});

it('nothing is told of an honest token, shown at its own door', async () => {
  // What was done before may still be told.
  const found = async () => {
    const { events: told } = (await service.operations('GET', '/v1/admin/events')).body;
    return told.filter(({ type }: { type: string }) => !type.endsWith('.changed'));
  };
  const before = await found();
  const { body } = await service.data('POST', '/v1/scopes/mail/tokens', mail.sign, {
    claims: { sub: 'alice' },
  });
  const { token } = body;
  expect((await service.data('POST', '/v1/scopes/mail/verify', mail.verify, { token })).body).toMatchObject({
    valid: true,
  });
  await pause(400);
  expect(await found()).toEqual(before);
});
