import { expect, it } from 'vitest';
import { AUDIT_GENESIS, auditEventHash, type ChainedEvent } from '../../../src/kernel/audit-chain.ts';

const EVENT: ChainedEvent = {
  sequence: 1,
  time: 1_760_000_000,
  type: 'client.created',
  actor: 'alice',
  subject: 'client:web',
  requestId: 'req-1',
  detailsJson: '{}',
};
const hex = (event: ChainedEvent, previous = AUDIT_GENESIS.hash) =>
  auditEventHash(previous, event).toString('hex');

it('has the hash that exports and verifiers elsewhere rely on', () => {
  expect(hex(EVENT)).toBe('efd34748e1639987ac2207b703a2b62d85b06af683d79d3ed60e4ec6c570122d');
});

it.each<[string, Partial<ChainedEvent>]>([
  ['sequence', { sequence: 2 }],
  ['time', { time: 1_760_000_001 }],
  ['time, below zero', { time: -1 }],
  ['type', { type: 'client.revoked' }],
  ['actor', { actor: 'bob' }],
  ['subject', { subject: 'client:app' }],
  ['request id', { requestId: 'req-2' }],
  ['request id, left out', { requestId: null }],
  ['request id, empty', { requestId: '' }],
  ['details', { detailsJson: '{ }' }],
  ['the border between two fields', { actor: 'alicec', subject: 'lient:web' }],
])('changes with %s', (_what, change) => {
  expect(hex({ ...EVENT, ...change })).not.toBe(hex(EVENT));
});

it('tells a request id that is empty from none', () => {
  expect(hex({ ...EVENT, requestId: '' })).not.toBe(hex({ ...EVENT, requestId: null }));
});

it('changes with the hash before', () => {
  expect(hex(EVENT, new Uint8Array(32).fill(1))).not.toBe(hex(EVENT));
});
