import { expect, test } from 'vitest';
import { ERROR_CODES, KeywardError } from '../../../src/kernel/errors.ts';
import { asKeywardError, PROBLEMS, problemDocument, retryAfterSeconds } from '../../../src/server/problem.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';
import { untouched } from '../../support/untouched.ts';

test.each(ERROR_CODES)('%s has a status of its kind and a title', (code) => {
  const { status, title } = PROBLEMS[code];
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect(title).not.toBe('');
});

test('whoever is told to come back is told when, and nobody else', () => {
  const later = ERROR_CODES.filter((code) => [429, 503].includes(PROBLEMS[code].status));
  const told = ERROR_CODES.filter((code) => retryAfterSeconds(new KeywardError(code, '')) !== undefined);
  expect(told).toEqual(later);
});

test('an unknown error is internal, its cause kept and not told', () => {
  const cause = new TypeError('undefined is not a key');
  const error = asKeywardError(cause);
  expect([error.code, error.cause]).toEqual(['internal', cause]);
  expect(JSON.stringify(problemDocument(error, 'r'))).not.toContain('undefined is not a key');
});

test('a thrown null is internal too', () => {
  expect(asKeywardError(null).code).toBe('internal');
});

test('operators are told what the module answered, and callers are not', async () => {
  const failing = () =>
    Promise.reject(
      new KeywardError('hsm_refused', 'the HSM refused the operation', {
        cause: {
          message: 'the HSM refused the operation',
          detail: 'C_GenerateKeyPair: CKR_TEMPLATE_INCONSISTENT (0xd1)',
          ckr: 0xd1,
        },
      }),
    );
  const operations = await operationsPlane({
    inventories: untouched({ hsmTokens: ['primary'], take: failing }),
  });
  const toOperator = await operations
    .post('/v1/admin/inventory')
    .set('Authorization', 'Bearer operates')
    .send({});
  expect([toOperator.status, toOperator.body.detail]).toEqual([
    503,
    'the HSM refused the operation: C_GenerateKeyPair: CKR_TEMPLATE_INCONSISTENT (0xd1)',
  ]);
  const data = await dataPlane({ issuer: { issue: failing } });
  const toCaller = await data
    .post('/v1/scopes/payments/tokens')
    .set('Authorization', 'Bearer signs')
    .send({ claims: {} });
  expect([toCaller.status, toCaller.body.detail]).toEqual([503, 'the HSM refused the operation']);
});
