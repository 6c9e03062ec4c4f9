import { expect, it } from 'vitest';
import { AUDIT_GENESIS, auditEventHash } from '../../../src/kernel/audit-chain.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { longestMissingRange } from '../../../src/restore/check-rollback.ts';
import { softwareKey } from '../../support/software-keys.ts';

const NOON = 1_760_000_000;
const hashOf = (sequence: number) => new Uint8Array(32).fill(sequence);
const BEHIND = new KeywardError('database_restored', 'the sink has seen audit 1.');

const lost = {
  ...{ sequence: 1, time: NOON, type: 'service.started', actor: 'keyward', subject: 'service' },
  ...{ requestId: null, traceId: null, detailsJson: '{}' },
};
const sink = {
  name: 'file:audit.jsonl',
  failing: false,
  history: () => [{ kind: 'event', event: { ...lost, hash: auditEventHash(AUDIT_GENESIS.hash, lost) } }],
};
/** A database that ends with group 7, and lacks an event that the sink has. */
const audit = {
  heads: async () => ({
    audit: AUDIT_GENESIS,
    ledger: { sequence: 7, hash: hashOf(7) },
    registry: AUDIT_GENESIS,
  }),
  hashAt: async (_chain: string, sequence: number) => (sequence <= 7 ? hashOf(sequence) : undefined),
  lastCheckpoint: async () => undefined,
};

function rangeWith(sequence: number, hash: Uint8Array) {
  const deps = { audit, sinks: { all: [sink] } } as unknown as Parameters<typeof longestMissingRange>[0];
  const checkpoints = [{ name: sink.name, tail: { event: undefined, checkpoint: undefined } }];
  const ledger = { sequence, hash, at: NOON };
  return longestMissingRange(deps, checkpoints, softwareKey('ES256'), BEHIND, { ledger });
}

it('is what the sink has, where the host acknowledged what the database has, or more', async () => {
  for (const sequence of [6, 7, 9])
    expect(await rangeWith(sequence, hashOf(sequence))).toMatchObject({ events: [lost] });
});

it('is nothing that two persons could accept, where the host acknowledged another group', async () => {
  await expect(rangeWith(6, hashOf(9))).rejects.toMatchObject({
    code: 'database_restored',
    message: expect.stringMatching(
      /It cannot be accepted as it is: the database has another group 6 than this host acknowledged\.$/,
    ),
  });
});
