import { expect, test } from 'vitest';
import { camelCased, snakeCased } from '../../../src/db/camel-case.ts';

const ROW = { id: 7, last_sequence: 9, private_half_destroyed_at: null, file_digest: Buffer.of(1, 2) };
const MEMBERS = { id: 7, lastSequence: 9, privateHalfDestroyedAt: null, fileDigest: Buffer.of(1, 2) };

test('columns become members, and members columns; values stay as they are', () => {
  expect(camelCased(ROW)).toEqual(MEMBERS);
  expect(snakeCased(MEMBERS)).toEqual(ROW);
  expect(camelCased(ROW).fileDigest).toBe(ROW.file_digest);
});
