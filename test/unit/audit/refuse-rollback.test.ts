import { describe, expect, it } from 'vitest';
import { refuseRollback } from '../../../src/audit/refuse-rollback.ts';
import { AUDIT_GENESIS } from '../../../src/kernel/audit-chain.ts';
import type { RecordGap } from '../../../src/kernel/record-gap.ts';
import { softwareKey } from '../../support/software-keys.ts';

const NOON = 1_760_000_000;
const hashOf = (sequence: number) => new Uint8Array(32).fill(sequence);
/** A database whose ledger ends with group 7. */
const LOG = {
  heads: async () => ({
    audit: AUDIT_GENESIS,
    ledger: { sequence: 7, hash: hashOf(7) },
    registry: AUDIT_GENESIS,
  }),
  hashAt: async (_chain: string, sequence: number) => (sequence <= 7 ? hashOf(sequence) : undefined),
};
const GAP: RecordGap = {
  id: 1,
  reason: 'a laggard was promoted',
  issuedFrom: NOON - 60,
  issuedUntil: NOON + 10,
  firstEvent: 1,
  lastEvent: 0,
  firstCheckpoint: 1,
  lastCheckpoint: 0,
  kept: { ledger: 7, registry: 0 },
  settledAt: null,
};

/** Holds the database against a host that acknowledged the ledger up to there. */
function against(
  ledger: { sequence: number; hash: Uint8Array; at: number },
  gaps: readonly RecordGap[] = [],
) {
  const host = { name: 'this host', tail: { event: undefined, checkpoint: undefined }, ledger };
  return refuseRollback(LOG, [host], softwareKey('ES256'), gaps);
}

describe('a ledger, held against what its host acknowledged', () => {
  it('is whole where it has that group, be it the last one or not', async () => {
    for (const sequence of [6, 7]) await against({ sequence, hash: hashOf(sequence), at: NOON });
  });

  it.each([
    ['lacks that group', 8, 8, 'the database ends at 7'],
    ['has another one there', 6, 9, 'the database has something else there'],
  ])('is refused where it %s', async (_, sequence, hash, message) => {
    await expect(against({ sequence, hash: hashOf(hash), at: NOON })).rejects.toMatchObject({
      code: 'database_restored',
      message: expect.stringContaining(message),
    });
  });

  it('may lack what two persons accepted as lost, and nothing that was acknowledged since', async () => {
    const lost = { sequence: 8, hash: hashOf(8), at: NOON };
    await against(lost, [GAP]);
    await expect(against({ ...lost, at: NOON + 11 }, [GAP])).rejects.toMatchObject({
      code: 'database_restored',
    });
  });
});
