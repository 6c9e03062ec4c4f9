import { expect, it } from 'vitest';
import { StoreFailure } from '../../../../src/db/failure.ts';
import { needsReconnecting, postgresError, postgresFailure } from '../../../../src/db/postgres/failure.ts';

const failing = (code: string) => Object.assign(new Error('why'), { code });

it.each([
  ['08006', 'unreachable', true],
  ['28P01', 'unreachable', false],
  ['53300', 'unreachable', false],
  ['57014', 'unreachable', false],
  ['57P01', 'unreachable', true],
  ['57P03', 'unreachable', true],
  ['25P03', 'unreachable', true],
  ['ECONNREFUSED', 'unreachable', true],
  ['EPIPE', 'unreachable', true],
  ['53100', 'full', false],
  ['53200', 'no_memory', false],
  ['25006', 'read_only', true],
  ['3D000', 'missing', false],
  ['40001', 'locked', false],
  ['40P01', 'locked', false],
  ['55P03', 'locked', false],
  ['42P01', 'foreign_schema', false],
  ['42501', 'foreign_schema', false],
  ['58030', 'io_error', false],
  ['XX001', 'corrupt', false],
  ['42601', undefined, false],
  ['XX000', undefined, false],
  ['ERR_OUT_OF_RANGE', undefined, false],
])('%s means %s; a fresh connection is needed: %s', (code, condition, reconnects) => {
  expect(postgresFailure(failing(code))).toMatchObject({
    name: 'StoreFailure',
    message: 'why',
    code,
    condition,
  });
  expect(needsReconnecting(failing(code))).toBe(reconnects);
});

it.each([
  ['23505', 'not_unique'],
  ['23514', 'unfit'],
  ['22021', 'unfit'],
  ['40001', undefined],
])('%s concerns one row: %s', (code, row) => {
  expect(postgresFailure(failing(code)).row).toBe(row);
});

it('a failure passes through, and anything else has no code', () => {
  const failure = new StoreFailure({ message: 'why', code: '08006', condition: 'unreachable' });
  expect(postgresFailure(failure)).toBe(failure);
  expect(postgresFailure(new TypeError('ours'))).toMatchObject({
    message: 'ours',
    code: null,
    condition: undefined,
  });
});

it('what is away is an error that can be tried again; what is wrong with us is not', () => {
  expect(postgresError(failing('57P01'))).toMatchObject({ code: 'store_unavailable', retryAfterSeconds: 2 });
  expect(postgresError(failing('42601'))).toMatchObject({ code: 'internal' });
});
