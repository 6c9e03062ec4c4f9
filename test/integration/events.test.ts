import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type EventReader, readEvents } from '../support/event-reader.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let payments: { sign: string; verify: string };
let mail: { sign: string; verify: string };

beforeAll(async () => {
  service = await startService();
  payments = await service.provision({ id: 'payments' });
  mail = await service.provision({ id: 'mail' });
});

afterAll(() => service.remove());

const follow = (scope: string, credential: string, instance = 'a', headers: Record<string, string> = {}) =>
  readEvents(`${service.dataUrl}/v1/scopes/${scope}/events?instance=${instance}`, {
    authorization: `Bearer ${credential}`,
    ...headers,
  });

const verifiers = async (scope: string) =>
  (await service.operations('GET', `/v1/admin/verifiers?scope=${scope}`)).body.verifiers;

async function issue(credential = payments.sign) {
  const answer = await service.data('POST', '/v1/scopes/payments/tokens', credential, {
    claims: { sub: 'alice' },
  });
  expect(answer.status).toBe(201);
  return answer.body;
}

/** What comes before the first event of that name is passed over. */
async function heard(events: EventReader, name: string) {
  for (let next = await events.next(); next; next = await events.next()) if (next.event === name) return next;
  throw new Error(`the stream ended without ${name}`);
}

describe('the signed key set', () => {
  it('is the scope’s, of the version that the events tell, by the registry key of the configuration', async () => {
    const { body: jws, status } = await service.data('GET', '/scopes/payments/jwks.jwt');
    expect(status).toBe(200);
    const config = parse(readFileSync(service.configFile, 'utf8'));
    const [header, claims] = String(jws)
      .split('.', 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(header).toEqual({ alg: 'ES256', typ: 'jwk-set+jwt', kid: config.hsm.registry_key });
    const { body: set } = await service.data('GET', '/scopes/payments/jwks.json');
    expect(claims).toMatchObject({ iss: 'https://login.example', sub: 'payments', keys: set.keys });
    expect([claims.version, claims.exp - claims.iat]).toEqual([set.kw_version, 300 + 3_600]);
  });
});

describe('the events of a scope', () => {
  it('open with its keys alone (I3), and tell of a revocation at once, also after a gap', async () => {
    const events = await follow('payments', payments.verify);
    const snapshot = await heard(events, 'snapshot');
    const { body } = await service.operations('GET', '/v1/admin/keys?scope=payments');
    const keys = body.keys.map(({ kid, state }: { kid: string; state: string }) => ({ kid, state }));
    expect(snapshot.data).toEqual({
      version: 1,
      keys,
      root_claim: null,
      revocations: [],
      more: false,
      incomplete: false,
    });
    const { jti } = await issue();
    await service.operations('POST', '/v1/admin/revocations', { scope: 'payments', jti, reason: 'test' });
    const revoked = await heard(events, 'revoked');
    expect(revoked.data.revocation).toMatchObject({
      jti_sha256: expect.stringMatching(/^[\w-]{43}$/),
      ask: false,
    });
    events.cancel();

    await service.operations('POST', '/v1/admin/revocations', {
      scope: 'mail',
      jti: 'another',
      reason: 'test',
    });
    await service.operations('POST', '/v1/admin/revocations', { client: 'payments-sign', reason: 'test' });
    const resumed = await follow('payments', payments.verify, 'a', { 'last-event-id': revoked.id ?? '' });
    expect(await resumed.next()).toMatchObject({ event: 'revoked', data: { revocation: { ask: true } } });
    resumed.cancel();
  });

  it('are for a client with the grant, of that scope', async () => {
    const refused = await follow('payments', mail.verify);
    expect([refused.status, (await refused.problem()).code]).toEqual([403, 'grant_missing']);
  });

  it('who follows, and who holds what, is known to the security team', async () => {
    const events = await follow('mail', mail.verify, 'web-1');
    await heard(events, 'snapshot');
    const before = await verifiers('mail');
    expect(before).toMatchObject([
      {
        scope: 'mail',
        client: 'mail-verify',
        instance: 'web-1',
        version: null,
        published_version: 1,
        lags_for_seconds: expect.any(Number),
      },
    ]);
    const ack = { version: 1, instance: 'web-1' };
    const answer = await service.data('POST', '/v1/scopes/mail/acks', mail.verify, ack);
    expect([answer.status, answer.body]).toEqual([200, { version: 1 }]);
    expect(await verifiers('mail')).toMatchObject([{ version: 1, lags_for_seconds: null }]);
    const metrics = await (await fetch(`${service.operationsUrl}/metrics`)).text();
    expect(metrics).toContain('keyward_verifiers_connected{scope="mail"} 1');
    expect(metrics).toContain('keyward_verifiers_lagging{scope="mail"} 0');
    events.cancel();
  });

  it('end with the grant, at once', async () => {
    const events = await follow('mail', mail.verify);
    await heard(events, 'snapshot');
    const grant = { client: 'mail-verify', scope: 'mail', action: 'verify' };
    await service.operations('DELETE', '/v1/admin/grants', grant);
    expect(await events.next()).toBeUndefined();
    await service.operations('POST', '/v1/admin/grants', grant);
    const again = await follow('mail', mail.verify);
    await heard(again, 'snapshot');
    await service.operations('POST', '/v1/admin/clients/mail-verify/revoke');
    expect(await again.next()).toBeUndefined();
    const refused = await follow('mail', mail.verify);
    expect([refused.status, (await refused.problem()).code]).toEqual([401, 'credential_invalid']);
  });

  it('do not hold up the end of the service; after the next start all that holds is told anew', async () => {
    const events = await follow('payments', payments.verify);
    const { id = '' } = await heard(events, 'snapshot');
    const stopped = service.stop();
    expect(await events.next()).toBeUndefined();
    expect(await stopped).toBe(0);
    service = await service.restart();
    const resumed = await follow('payments', payments.verify, 'a', { 'last-event-id': id });
    expect((await resumed.next())?.event).toBe('snapshot');
    resumed.cancel();
  });
});
