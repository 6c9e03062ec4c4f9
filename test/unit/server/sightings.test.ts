import { expect, test, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { Sightings } from '../../../src/kernel/verification.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { LIMITS } from '../../support/planes.ts';

const digest = (n: number) => Buffer.alloc(32, n).toString('base64url');

async function report(body: object, sightings: Sightings = { unknown: async () => [] }, as = 'verifies') {
  const http = await dataPlane({ sightings });
  return http.post('/v1/scopes/payments/sightings').set('Authorization', `Bearer ${as}`).send(body);
}

test('what is not on record is named as it was sent', async () => {
  const unknown = vi.fn<Sightings['unknown']>(async (_scope, seen) =>
    seen.slice(1).map(({ digest: of }) => of),
  );
  const sightings = [
    { digest: digest(1), iat: 1_800_000_000 },
    { digest: digest(0xff), seen_at: 1_800_000_000, iat: 1_799_999_000 },
  ];
  const answer = await report({ sightings }, { unknown });
  expect([answer.status, answer.body]).toEqual([200, { unknown: [digest(0xff)] }]);
  expect(unknown.mock.calls).toEqual([
    [
      'payments',
      [
        { digest: Buffer.alloc(32, 1), iat: 1_800_000_000 },
        { digest: Buffer.alloc(32, 0xff), iat: 1_799_999_000 },
      ],
      { clientId: 'relying', remote: '127.0.0.1', requestId: expect.any(String) },
    ],
  ]);
});

test.each([
  ['31 bytes', Buffer.alloc(31).toString('base64url')],
  ['33 bytes', Buffer.alloc(33).toString('base64url')],
  ['hex', Buffer.alloc(32).toString('hex')],
  ['padding', `${digest(1)}=`],
  ['unused bits that are not zero', `${digest(0).slice(0, 42)}B`],
])('a digest of %s is refused', async (_, wrong) => {
  const { status, body } = await report({ sightings: [{ digest: wrong, iat: 0 }] });
  expect([status, body.code, body.detail]).toEqual([
    422,
    'invalid_request',
    'sightings.0.digest: use SHA-256 of the signing input, 32 bytes in base64url',
  ]);
});

test.each(['seen_at', 'iat'])('%s is a whole number of seconds', async (member) => {
  const sent = (value: unknown) => report({ sightings: [{ digest: digest(1), iat: 0, [member]: value }] });
  for (const wrong of [1.5, -1, '1', null]) {
    const { body } = await sent(wrong);
    expect([body.code, body.detail.split(':')[0]]).toEqual(['invalid_request', `sightings.0.${member}`]);
  }
  expect((await sent(0)).status).toBe(200);
});

test('1,000 sightings are taken, one more is refused', async () => {
  const sightings = Array.from({ length: 1_000 }, () => ({ digest: digest(7), iat: 1_800_000_000 }));
  expect((await report({ sightings })).status).toBe(200);
  const { status, body } = await report({ sightings: [...sightings, { digest: digest(7), iat: 0 }] });
  expect([status, body.code]).toEqual([422, 'batch_too_large']);
});

test('no sighting at all is refused', async () => {
  const { body } = await report({ sightings: [] });
  expect([body.code, body.detail]).toEqual(['invalid_request', 'sightings: send at least 1']);
});

test('a client that may only sign is refused', async () => {
  const { status, body } = await report({ sightings: [{ digest: digest(1), iat: 0 }] }, undefined, 'signs');
  expect([status, body.code]).toEqual([403, 'grant_missing']);
});

test('without a ledger to ask there is no answer', async () => {
  const away = new KeywardError('ledger_unavailable', 'away', { retryAfterSeconds: 2 });
  const answer = await report(
    { sightings: [{ digest: digest(1), iat: 0 }] },
    { unknown: () => Promise.reject(away) },
  );
  expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([
    503,
    'ledger_unavailable',
    '2',
  ]);
});

test('a sighting without the `iat` of its token is refused, whatever else it says', async () => {
  for (const without of [{ digest: digest(1) }, { digest: digest(1), seen_at: 1_800_000_000 }]) {
    const { status, body } = await report({ sightings: [{ digest: digest(2), iat: 0 }, without] });
    expect([status, body.code, body.detail.split(':')[0]]).toEqual([
      422,
      'invalid_request',
      'sightings.1.iat',
    ]);
  }
});

test('each sighting is charged to its client, as a request would be', async () => {
  const http = await dataPlane({ limits: { ...LIMITS, client_requests_per_second: 100 } });
  const sent = (count: number) =>
    http
      .post('/v1/scopes/payments/sightings')
      .set('Authorization', 'Bearer verifies')
      .send({ sightings: Array.from({ length: count }, () => ({ digest: digest(1), iat: 0 })) });
  const refused = await sent(101);
  expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
});
