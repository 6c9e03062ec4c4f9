import { expect, it } from 'vitest';
import { newJti } from '../../../src/issuance/compose-token.ts';

it('gives 16 fresh bytes each time, also when the pool is drawn anew', () => {
  const jtis = Array.from({ length: 1_000 }, newJti);
  expect(new Set(jtis).size).toBe(1_000);
  expect(jtis.every((jti) => Buffer.from(jti, 'base64url').length === 16)).toBe(true);
});
