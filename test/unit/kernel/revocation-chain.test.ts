import { expect, it } from 'vitest';
import { type ChainedRevocation, revocationHash } from '../../../src/kernel/revocation.ts';

const PREVIOUS = new Uint8Array(32);
const revocation: ChainedRevocation = {
  sequence: 1,
  createdAt: 1_760_000_000,
  scopeId: 'payments',
  jti: 'jti-1',
  rootCommitment: Buffer.alloc(32, 1),
  clientId: 'checkout',
  issuedFrom: 10,
  issuedUntil: 20,
  lapsesAt: 30,
  revokedBy: 'ada',
  reason: 'test',
};
const hashOf = (changes: Partial<ChainedRevocation> = {}, previous: Uint8Array = PREVIOUS) =>
  revocationHash(previous, { ...revocation, ...changes }).toString('hex');

it('a revocation has one hash, and another with any value changed', () => {
  const others = [
    hashOf({ sequence: 2 }),
    hashOf({ createdAt: 1_760_000_001 }),
    hashOf({ scopeId: 'mail' }),
    hashOf({ scopeId: null }),
    hashOf({ jti: null }),
    hashOf({ jti: '' }),
    hashOf({ rootCommitment: Buffer.alloc(32, 2) }),
    hashOf({ clientId: null }),
    hashOf({ issuedFrom: null }),
    hashOf({ issuedFrom: 0 }),
    hashOf({ issuedUntil: null }),
    hashOf({ lapsesAt: null }),
    hashOf({ revokedBy: 'eve' }),
    hashOf({ reason: '' }),
    hashOf({}, Buffer.alloc(32, 1)),
  ];
  expect(new Set([hashOf(), ...others]).size).toBe(others.length + 1);
  expect(hashOf()).toBe(hashOf());
});

it('no value can pass for part of its neighbour', () => {
  expect(hashOf({ revokedBy: 'ad', reason: 'atest' })).not.toBe(hashOf());
  expect(hashOf({ scopeId: null, jti: 'payments' })).not.toBe(hashOf({ scopeId: 'payments', jti: null }));
});
