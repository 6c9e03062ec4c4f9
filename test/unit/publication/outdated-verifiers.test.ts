import { expect, it } from 'vitest';
import type { VerifierStanding } from '../../../src/kernel/publication.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { createOutdatedVerifierWatch } from '../../../src/publication/outdated-verifiers.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { aScope, SoftwareKeyRing } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const payments = { ...aScope({ id: 'payments' }), keySetVersion: 4 };
const LAGGING: VerifierStanding = {
  scopeId: 'payments',
  clientId: 'checkout',
  instance: 'web-1',
  connectedSince: NOW,
  version: 3,
  versionSince: NOW,
  lastSeen: NOW,
  lagsForSeconds: 300,
};

function watching(list: () => readonly VerifierStanding[]) {
  const keyRing = new SoftwareKeyRing();
  keyRing.put(payments);
  const raised: SecurityEventReport[] = [];
  return {
    keyRing,
    raised,
    look: createOutdatedVerifierWatch({ keyRing, verifiers: { list }, events: raiserInto(raised) }),
  };
}

it('names a verifier that lags for longer than the key set may be cached, once for each version', async () => {
  const { look, raised, keyRing } = watching(() => [LAGGING]);
  await look();
  await look();
  expect(raised).toEqual([
    {
      type: 'verifier.outdated',
      severity: 'warning',
      dedupKey: '["payments","checkout","web-1",4]',
      subject: 'scope:payments',
      evidence: {
        scope: 'payments',
        client: 'checkout',
        instance: 'web-1',
        holds: 3,
        published: 4,
        connected_since: NOW,
      },
    },
  ]);
  keyRing.put({ ...payments, keySetVersion: 5 });
  await look();
  expect(raised.map(({ dedupKey }) => dedupKey)).toEqual([
    '["payments","checkout","web-1",4]',
    '["payments","checkout","web-1",5]',
  ]);
});

it.each([
  ['lags for less', { lagsForSeconds: 299 }],
  ['does not lag', { lagsForSeconds: null }],
  ['is of a scope that is gone', { scopeId: 'gone' }],
])('says nothing of one that %s', async (_, changes) => {
  const { look, raised } = watching(() => [{ ...LAGGING, ...changes }]);
  await look();
  expect(raised).toEqual([]);
});
