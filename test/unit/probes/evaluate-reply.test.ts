import { expect, it } from 'vitest';
import { evaluateReply } from '../../../src/probes/send.ts';

it.each([200, 204, 299])(
  'takes %i for accepted: right for the fresh token, wrong for any other',
  (status) => {
    expect(evaluateReply('fresh', { status })).toEqual({ verdict: 'right', why: null });
    expect(evaluateReply('expired', { status })).toEqual({
      verdict: 'wrong',
      why: 'it accepts the first token, once it has expired',
    });
  },
);

it.each([401, 403])('takes %i for refused: wrong for the fresh token, right for any other', (status) => {
  expect(evaluateReply('fresh', { status })).toEqual({ verdict: 'wrong', why: 'it refuses a fresh token' });
  expect(evaluateReply('without_kid', { status })).toEqual({ verdict: 'right', why: null });
});

it.each([
  [{ status: 302 }, 'it answers 302, and redirects are not followed'],
  [{ status: 400 }, 'it answers 400, which neither accepts (2xx) nor refuses (401, 403)'],
  [{ status: 500 }, 'it answers 500, which neither accepts (2xx) nor refuses (401, 403)'],
  [{ failure: 'it did not answer within 5000 ms' }, 'it did not answer within 5000 ms'],
])('takes %j for neither', (reply, why) => {
  expect(evaluateReply('fresh', reply)).toEqual({ verdict: 'unclear', why });
  expect(evaluateReply('other_scope', reply)).toEqual({ verdict: 'unclear', why });
});
