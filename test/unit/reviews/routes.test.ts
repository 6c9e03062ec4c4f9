import { expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { Reviews, SignedOffReview } from '../../../src/reviews/review.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import { NOW } from '../../support/payments.ts';
import { untouched } from '../../support/untouched.ts';

const PATH = '/v1/admin/reviews';
const DIGEST = 'D'.repeat(43);
const SIGNED: SignedOffReview = {
  period: { from: NOW - 600, to: NOW, firstEvent: 3, lastEvent: 9, more: false },
  digest: DIGEST,
  note: 'fine',
  acts: 4,
  ownActs: 1,
  by: 'ada',
  at: NOW,
};
const SIGNED_ANSWER = {
  period: { from: NOW - 600, to: NOW, first_event: 3, last_event: 9, more: false },
  digest: DIGEST,
  note: 'fine',
  acts: 4,
  own_acts: 1,
  signed_off_by: 'ada',
  signed_off_at: NOW,
};

async function ask(
  method: 'get' | 'post',
  path: string,
  { as = 'operates', body, service = {} }: Asking = {},
) {
  const reviews = untouched<Reviews>({
    refresh: async () => {},
    signOff: async () => SIGNED,
    list: () => [SIGNED],
    standing: () => ({ coveredUntil: NOW, overdueAt: NOW + 7 * 86_400, lastSignedOffAt: null }),
    ...service,
  });
  const http = await operationsPlane({ reviews });
  return http[method](path).set('Authorization', `Bearer ${as}`).send(body);
}

interface Asking {
  readonly as?: string;
  readonly body?: object;
  readonly service?: Partial<Reviews>;
}

it('any role may see what was signed off', async () => {
  const { status, body } = await ask('get', PATH, { as: 'audits' });
  expect({ status, body }).toEqual({
    status: 200,
    body: { reviews: [SIGNED_ANSWER], covered_until: NOW, overdue_at: NOW + 7 * 86_400 },
  });
});

it.each(['operates', 'audits'])('whoever %s may sign off', async (as) => {
  const { status, body } = await ask('post', PATH, { as, body: { note: 'fine' } });
  expect({ status, body }).toEqual({ status: 201, body: { review: SIGNED_ANSWER } });
});

it.each([
  [{}, 'invalid_request', 'note: say it as text'],
  [{ note: '' }, 'invalid_request', 'note: say it in a few words'],
  [{ note: '  ' }, 'invalid_request', 'note: say what you found'],
  [{ note: 'x'.repeat(2_001) }, 'invalid_request', 'note: use at most 2000 characters'],
  [
    { note: 'fine', digest: DIGEST.slice(1) },
    'invalid_request',
    'digest: use the digest of the review that was shown',
  ],
  [{ note: 'fine', until: NOW }, 'unknown_member', 'leave out until'],
])('takes %j for no sign-off', async (given, code, detail) => {
  const { status, body } = await ask('post', PATH, { body: given });
  expect([status, body.code, body.detail]).toEqual([422, code, detail]);
});

it.each(['review_unseen', 'review_signed_off'] as const)('answers 409 for %s', async (code) => {
  const signOff = async () => {
    throw new KeywardError(code, 'look again');
  };
  const { status, body } = await ask('post', PATH, { body: { note: 'fine' }, service: { signOff } });
  expect([status, body.code]).toEqual([409, code]);
});

it('asks for a credential', async () => {
  for (const [method, path] of [
    ['get', PATH],
    ['get', `${PATH}/current`],
    ['post', PATH],
  ] as const) {
    expect((await ask(method, path, { as: 'nobody' })).status).toBe(401);
  }
});
