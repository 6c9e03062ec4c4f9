import { expect, it } from 'vitest';
import { AUDIT_GENESIS, auditEventHash, type ChainedEvent } from '../../../src/kernel/audit-chain.ts';

const EVENT: ChainedEvent = {
  sequence: 1,
  time: 1_760_000_000,
  type: 'client.created',
  actor: 'alice',
  subject: 'client:web',
  requestId: 'req-1',
  traceId: null,
  detailsJson: '{}',
};
const hex = (event: ChainedEvent, previous = AUDIT_GENESIS.hash) =>
  auditEventHash(previous, event).toString('hex');

it('has the hash that exports and verifiers elsewhere rely on', () => {
  expect(hex({ ...EVENT, traceId: '0af7651916cd43dd8448eb211c80319c' })).toBe(
    'f083384ab26a096bc6bbc222113266b04e16ed650fe9947fc6c8d8620b3b37bc',
  );
  expect(hex(EVENT)).toBe('a259ffe3e1d24f82000db742e9c212353f5d3514bac072f1c6bf020f3b7772cb');
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
  ['trace id', { traceId: 'a'.repeat(32) }],
  ['the place of an id', { requestId: null, traceId: 'req-1' }],
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
