import { expect, test } from 'vitest';
import type { VerifierStanding } from '../../../src/kernel/publication.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';
import { NOW } from '../../support/payments.ts';
import { dataPlaneDeps, operationsPlaneDeps } from '../../support/planes.ts';

async function acknowledge(body: object, as = 'verifies') {
  const { verifiers } = dataPlaneDeps();
  const http = await dataPlane({ verifiers });
  const answer = await http.post('/v1/scopes/payments/acks').set('Authorization', `Bearer ${as}`).send(body);
  return { answer, held: verifiers.list().map(({ instance, version }) => [instance, version]) };
}

test('a verifier says which key set it holds and hears which is published', async () => {
  const { answer, held } = await acknowledge({ version: 1, instance: 'web-1' });
  expect([answer.status, answer.body, held]).toEqual([200, { version: 1 }, [['web-1', 1]]]);
});

test('a client of one process need not name it', async () => {
  expect((await acknowledge({ version: 1 })).held).toEqual([['default', 1]]);
});

test.each([
  ['a version that is still to come', { version: 2 }, 'version: the newest of this scope is 1'],
  ['no whole version', { version: 1.5 }, 'version: use a whole number'],
  [
    'an instance that is no name',
    { version: 1, instance: 'a b' },
    'instance: use 1 to 64 letters, digits and . _ : -',
  ],
])('%s is refused', async (_, body, detail) => {
  const { answer, held } = await acknowledge(body);
  expect([answer.status, answer.body.code, answer.body.detail, held]).toEqual([
    422,
    'invalid_request',
    detail,
    [],
  ]);
});

test('a client that may only sign is refused', async () => {
  const { answer, held } = await acknowledge({ version: 1 }, 'signs');
  expect([answer.status, answer.body.code, held]).toEqual([403, 'grant_missing', []]);
});

const STANDING: VerifierStanding = {
  scopeId: 'payments',
  clientId: 'relying',
  instance: 'web-1',
  connectedSince: NOW - 60,
  version: null,
  versionSince: null,
  lastSeen: NOW,
  lagsForSeconds: 70.9,
};

async function listed(query: string, as = 'audits') {
  const asked: (string | undefined)[] = [];
  const list = (scopeId?: string) => {
    asked.push(scopeId);
    return [STANDING];
  };
  const verifiers = { ...operationsPlaneDeps().verifiers, list };
  const http = await operationsPlane({ verifiers });
  const answer = await http.get(`/v1/admin/verifiers${query}`).set('Authorization', `Bearer ${as}`);
  return { answer, asked };
}

test('the security team sees who verifies by itself, and who lags', async () => {
  const { answer, asked } = await listed('?scope=payments');
  expect([answer.status, answer.body, asked]).toEqual([
    200,
    {
      verifiers: [
        {
          scope: 'payments',
          client: 'relying',
          instance: 'web-1',
          connected_since: NOW - 60,
          version: null,
          version_since: null,
          published_version: 1,
          lags_for_seconds: 70,
          last_seen: NOW,
        },
      ],
    },
    ['payments'],
  ]);
  expect((await listed('')).asked).toEqual([undefined]);
});

test.each([
  ['?scope=other', 'audits', 404, 'unknown_scope'],
  ['?other=1', 'audits', 422, 'unknown_member'],
  ['', 'idles', 403, 'role_missing'],
])('%s as one who %s', async (query, as, status, code) => {
  const { answer } = await listed(query, as);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});
