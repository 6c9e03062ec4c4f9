import { expect, it } from 'vitest';
import { createRunKey, sealHash, verifySeal } from '../../../src/kernel/audit-chain.ts';

const HASH = Buffer.alloc(32, 7);
const RUN = createRunKey(1_760_000_000);

it('seals the hash of an element for its chain', () => {
  const seal = sealHash(RUN, 'audit', HASH);
  expect(seal).toHaveLength(64);
  expect(verifySeal(RUN, 'audit', HASH, seal)).toBe(true);
});

it.each([
  ['another hash', () => verifySeal(RUN, 'audit', Buffer.alloc(32, 8), sealHash(RUN, 'audit', HASH))],
  ['another chain', () => verifySeal(RUN, 'ledger', HASH, sealHash(RUN, 'audit', HASH))],
  [
    'another run of the same key',
    () => verifySeal({ ...RUN, id: 'x' }, 'audit', HASH, sealHash(RUN, 'audit', HASH)),
  ],
  [
    'another key',
    () => verifySeal(RUN, 'audit', HASH, sealHash({ ...createRunKey(1), id: RUN.id }, 'audit', HASH)),
  ],
  [
    'what is no key',
    () => verifySeal({ ...RUN, publicKey: 'x' }, 'audit', HASH, sealHash(RUN, 'audit', HASH)),
  ],
  ['no seal', () => verifySeal(RUN, 'audit', HASH, Buffer.alloc(0))],
])('does not stand for %s', (_, verified) => {
  expect(verified()).toBe(false);
});
