import { expect, it } from 'vitest';
import { createRunKey, sealHash, verifySeal } from '../../../src/kernel/audit-chain.ts';

const HEAD = { sequence: 3, hash: Buffer.alloc(32, 7) };
const RUN = createRunKey(1_760_000_000);

it('seals the place and the hash of an element for its chain', () => {
  const seal = sealHash(RUN, 'audit', HEAD);
  expect(seal).toHaveLength(64);
  expect(verifySeal(RUN, 'audit', HEAD, seal)).toBe(true);
});

it.each([
  [
    'another hash',
    () => verifySeal(RUN, 'audit', { ...HEAD, hash: Buffer.alloc(32, 8) }, sealHash(RUN, 'audit', HEAD)),
  ],
  ['another place', () => verifySeal(RUN, 'audit', { ...HEAD, sequence: 4 }, sealHash(RUN, 'audit', HEAD))],
  ['another chain', () => verifySeal(RUN, 'ledger', HEAD, sealHash(RUN, 'audit', HEAD))],
  [
    'another run of the same key',
    () => verifySeal({ ...RUN, id: 'x' }, 'audit', HEAD, sealHash(RUN, 'audit', HEAD)),
  ],
  [
    'another key',
    () => verifySeal(RUN, 'audit', HEAD, sealHash({ ...createRunKey(1), id: RUN.id }, 'audit', HEAD)),
  ],
  [
    'what is no key',
    () => verifySeal({ ...RUN, publicKey: 'x' }, 'audit', HEAD, sealHash(RUN, 'audit', HEAD)),
  ],
  ['no seal', () => verifySeal(RUN, 'audit', HEAD, Buffer.alloc(0))],
])('does not stand for %s', (_, verified) => {
  expect(verified()).toBe(false);
});
