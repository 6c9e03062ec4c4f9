import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REQUIRED_ATTRIBUTES } from '../../src/kernel/key-proof.ts';
import { readBindingRecord } from '../../src/token/binding-record.ts';
import { readKeyProof } from '../../src/token/key-proof.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../../src/token/public-jwk.ts';
import { keyward } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const DEADLINE_MS = 120_000;

let service: RunningService;
beforeAll(async () => {
  service = await startService({ twoPersons: true });
  await service.act('POST', '/v1/admin/scopes', {
    id: 'payments',
    issuer: 'https://login.example',
    audience: 'https://payments.example?a=<b>&c',
  });
}, DEADLINE_MS);
afterAll(() => service.remove());

const ceremonyOf = (scope: string, credential?: string) =>
  service.operations('GET', `/v1/admin/scopes/${scope}/ceremony`, undefined, credential);

it('the record of a scope says who made it, on which HSM, and what was read, as the keys themselves sign', async () => {
  const { status, body } = await ceremonyOf('payments');
  expect(status).toBe(200);
  const { ceremony } = body;
  expect(ceremony).toMatchObject({
    scope: { id: 'payments', issuer: 'https://login.example', algorithm: 'ES256', modulus_bits: null },
    made_by: 'alice',
    approved_by: 'bob',
    proposal: expect.stringMatching(/^[a-z0-9]{16}$/),
  });
  expect(ceremony.proposed_at).toBeLessThanOrEqual(ceremony.made_at);
  expect(ceremony.keys.map(({ state }: { state: string }) => state)).toEqual(['active', 'pre_activation']);
  const published = await service.data('GET', '/scopes/payments/jwks.json');
  const kids = ceremony.keys.map(({ kid }: { kid: string }) => kid);
  expect(published.body.keys.map(({ kid }: { kid: string }) => kid).sort()).toEqual(kids.toSorted());
  const required = Object.entries(REQUIRED_ATTRIBUTES).map(([name, value]) => [`CKA_${name}`, value]);
  for (const key of ceremony.keys) {
    expect(key.attributes).toMatchObject(Object.fromEntries(required));
    expect(key.token.serial).toBe(service.hsm.settings.tokenSerial);
    const jwk = readPublicJwk(key.public_jwk);
    expect(thumbprint(jwk)).toBe(key.kid);
    const { attributes, mechanism, token } = readKeyProof(key.statement, jwk);
    expect({ attributes, mechanism, token }).toEqual({
      attributes: key.attributes,
      mechanism: key.mechanism,
      token: key.token,
    });
    const bindingIssuer = readPublicJwk(key.binding_key);
    const bound = readBindingRecord(key.binding_record, {
      kid: thumbprint(bindingIssuer),
      publicKey: importPublicKey(bindingIssuer),
    });
    expect(bound).toMatchObject({ kid: key.kid, scope: 'payments', hsmId: key.hsm_id });
  }
});

it('names the event of the trail, which holds the same', async () => {
  const { ceremony } = (await ceremonyOf('payments')).body;
  const { sequence, hash } = ceremony.audit_event;
  const after = await service.operations('GET', `/v1/admin/audit?after=${sequence - 1}&limit=1`);
  const [event] = after.body.events;
  expect(event).toMatchObject({ type: 'scope.created', subject: 'scope:payments', actor: 'alice', hash });
  expect(event.details.keys.map(({ proof }: { proof: object }) => proof)).toEqual(
    ceremony.keys.map(({ attributes, mechanism, token, statement }: Record<string, unknown>) => ({
      attributes,
      mechanism,
      token,
      statement,
    })),
  );
});

it(
  'is the same once the key is compromised and the service started anew, and the next key has its proof too',
  async () => {
    const before = (await ceremonyOf('payments')).body;
    const [{ kid }] = before.ceremony.keys;
    await service.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'a test' });
    const created = () =>
      service
        .operations('GET', '/v1/admin/audit?limit=1000')
        .then(({ body }) => body.events.find(({ type }: { type: string }) => type === 'key.created'));
    await expect.poll(created, { timeout: DEADLINE_MS }).toMatchObject({
      details: { scope: 'payments', proof: { token: { serial: service.hsm.settings.tokenSerial } } },
    });
    service = await service.restart();
    expect((await ceremonyOf('payments')).body).toEqual(before);
  },
  DEADLINE_MS,
);

it('is written by the command line, as JSON and as a page', async () => {
  const { folder } = service.hsm;
  const there = ['--url', service.operationsUrl, '--credential-file', join(folder, 'approver')];
  const [json, page] = [join(folder, 'ceremony.json'), join(folder, 'ceremony.html')];
  expect(await keyward([...there, 'scope', 'ceremony', 'payments', '--out', json])).toMatchObject({
    exitCode: 0,
    err: '',
  });
  const { ceremony } = (await ceremonyOf('payments')).body;
  expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual(ceremony);
  expect((await keyward([...there, 'scope', 'ceremony', 'payments', '--html', '--out', page])).exitCode).toBe(
    0,
  );
  const text = readFileSync(page, 'utf8');
  for (const part of [
    '<td>https://payments.example?a=&lt;b&gt;&amp;c</td>',
    '<tr><th>proposed by</th><td>alice</td></tr>',
    '<tr><th>approved by</th><td>bob</td></tr>',
    `<tr><th>serial</th><td>${service.hsm.settings.tokenSerial}</td></tr>`,
    '<tr><th>CKA_EXTRACTABLE</th><td>false</td></tr>',
  ]) {
    expect(text).toContain(part);
  }
});

it('is for operators, and of scopes that there are', async () => {
  expect((await ceremonyOf('payments', service.approver)).status).toBe(200);
  expect((await ceremonyOf('payments', 'kw_ops_nobody')).status).toBe(401);
  const unknown = await ceremonyOf('ghost');
  expect([unknown.status, unknown.body.code]).toEqual([404, 'unknown_scope']);
});
