import { expect, it } from 'vitest';
import type { Client } from '../../../src/kernel/actor.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { KeyRing } from '../../../src/kernel/key.ts';
import type { ProbeAdministration, ProbeStatus } from '../../../src/probes/probe.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import { keyRing, NOW, PAYMENTS } from '../../support/payments.ts';
import { untouched } from '../../support/untouched.ts';

const PATH = '/v1/admin/clients/checkout/probe';
const BODY = { scope: 'payments', url: 'https://checkout.example/probe' };
const CHECKOUT: Client = {
  id: 'checkout',
  description: '',
  createdAt: NOW,
  revokedAt: null,
  grants: [{ scopeId: 'payments', action: 'verify' }],
};
const STANDING: ProbeStatus = {
  clientId: 'checkout',
  scopeId: 'payments',
  url: BODY.url,
  setAt: NOW,
  answers: [{ probe: 'fresh', verdict: 'right', status: 200, why: null, at: NOW }],
  notSent: [{ probe: 'other_scope', why: 'no drill scope' }],
  expiredDueAt: NOW + 121,
  nextAt: NOW + 3_600,
};
const ANSWER = {
  client: 'checkout',
  scope: 'payments',
  url: BODY.url,
  set_at: NOW,
  answers: [{ probe: 'fresh', verdict: 'right', status: 200, why: null, at: NOW }],
  not_sent: [{ probe: 'other_scope', why: 'no drill scope' }],
  expired_due_at: NOW + 121,
  next_at: NOW + 3_600,
};

interface Changes {
  readonly client?: Client;
  readonly keyRing?: KeyRing;
}

async function plane({ client = CHECKOUT, ...changes }: Changes = {}) {
  let held: ProbeStatus | undefined;
  const probes: ProbeAdministration = {
    list: () => (held ? [held] : []),
    requireSound({ url }) {
      if (!url.startsWith('https:')) throw new KeywardError('invalid_probe', 'url: use https');
    },
    async set() {
      held = STANDING;
      return held;
    },
    async remove() {
      held = undefined;
    },
    async run() {
      if (held) return held;
      throw new KeywardError('unknown_probe', 'this client has no probe URL for this scope');
    },
  };
  const http = await operationsPlane({
    probes,
    twoPersons: true,
    clients: untouched({ list: () => [client] }),
    ...changes,
  });
  const ask = (method: 'get' | 'post' | 'delete', path: string, body?: object, as = 'operates') =>
    http[method](path).set('Authorization', `Bearer ${as}`).send(body);
  const agreed = async (method: 'post' | 'delete', body: object) => {
    const { status, body: answer } = await ask(method, PATH, body);
    expect([status, answer.proposal?.state]).toEqual([202, 'open']);
    return ask('post', `/v1/admin/proposals/${answer.proposal.id}/approve`, undefined, 'does both');
  };
  return { ask, agreed };
}

it('takes two persons to say where tokens are sent, and to leave a verifier alone', async () => {
  const { ask, agreed } = await plane();
  expect((await ask('get', '/v1/admin/probes')).body).toEqual({ probes: [] });
  expect(await agreed('post', BODY)).toMatchObject({ status: 200, body: { result: { probe: ANSWER } } });
  expect((await ask('get', '/v1/admin/probes')).body).toEqual({ probes: [ANSWER] });
  expect(await agreed('delete', { scope: 'payments' })).toMatchObject({ status: 200 });
  expect((await ask('get', '/v1/admin/probes')).body).toEqual({ probes: [] });
});

it('runs one on demand, for an operator', async () => {
  const { ask, agreed } = await plane();
  const run = () => ask('post', `${PATH}/run`, { scope: 'payments' });
  expect([(await run()).status, (await run()).body.code]).toEqual([404, 'unknown_probe']);
  await agreed('post', BODY);
  expect(await run()).toMatchObject({ status: 200, body: { probe: ANSWER } });
  const reading = await ask('post', `${PATH}/run`, { scope: 'payments' }, 'audits');
  expect([reading.status, reading.body.code]).toEqual([403, 'role_missing']);
  expect((await ask('get', '/v1/admin/probes', undefined, 'audits')).status).toBe(200);
});

it.each([
  ['a URL that nothing is sent to', {}, { ...BODY, url: 'http://checkout.example' }, 422, 'invalid_probe'],
  ['a client without the grant', { client: { ...CHECKOUT, grants: [] } }, BODY, 422, 'invalid_probe'],
  ['a revoked client', { client: { ...CHECKOUT, revokedAt: NOW } }, BODY, 422, 'invalid_probe'],
  ['another client', { client: { ...CHECKOUT, id: 'mail' } }, BODY, 404, 'unknown_client'],
  ['a scope that is not there', {}, { ...BODY, scope: 'nowhere' }, 404, 'unknown_scope'],
  ['another member', {}, { ...BODY, method: 'POST' }, 422, 'unknown_member'],
])('refuses %s before anybody is asked', async (_, changes, body, status, code) => {
  const { ask } = await plane(changes);
  const answer = await ask('post', PATH, body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

it('probes no scope for which Keyward writes no token', async () => {
  const untyped = { ...PAYMENTS, policy: { ...PAYMENTS.policy, tokenTypes: ['untyped'] as const } };
  const scopeOf = (policy: typeof PAYMENTS) => ({ ...keyRing, scope: () => policy });
  const { ask } = await plane({ keyRing: scopeOf(untyped) });
  const { status, body } = await ask('post', PATH, BODY);
  expect([status, body.code, body.detail]).toEqual([
    422,
    'invalid_probe',
    'scope: its policy allows none of at+jwt, JWT',
  ]);
  const both = { ...PAYMENTS, policy: { ...PAYMENTS.policy, tokenTypes: ['untyped', 'JWT'] as const } };
  expect((await (await plane({ keyRing: scopeOf(both) })).ask('post', PATH, BODY)).status).toBe(202);
});

it('removes nothing where nothing is', async () => {
  const { ask } = await plane();
  const { status, body } = await ask('delete', PATH, { scope: 'payments' });
  expect([status, body.code]).toEqual([404, 'unknown_probe']);
});
