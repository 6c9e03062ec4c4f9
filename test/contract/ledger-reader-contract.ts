import { describe, expect, it } from 'vitest';
import type { Ledger, LedgerReader } from '../../src/kernel/issuance.ts';
import type { Sighting, Sightings } from '../../src/kernel/verification.ts';
import { issuanceRecord } from '../support/issuance-records.ts';

export interface LedgerReaderBackend {
  readonly ledger: Ledger;
  readonly reader: LedgerReader & Sightings;
}

/** What every implementation of the `LedgerReader` and `Sightings` ports does. */
export function ledgerReaderContract(name: string, open: () => Promise<LedgerReaderBackend>): void {
  const { digest, iat } = issuanceRecord(1);
  const other = issuanceRecord(2);

  describe(`${name} as a reader of the ledger`, () => {
    it('finds a record, to the last value, as soon as `record` has settled', async () => {
      const { ledger, reader } = await open();
      await ledger.record(issuanceRecord(1));
      expect(await reader.find(digest, iat)).toEqual(issuanceRecord(1));
    });

    it('finds one without subject and root event', async () => {
      const { ledger, reader } = await open();
      await ledger.record(issuanceRecord(1, { subject: null, root: null }));
      expect(await reader.find(digest, iat)).toEqual(issuanceRecord(1, { subject: null, root: null }));
    });

    it('finds nothing of a digest that was not recorded', async () => {
      const { ledger, reader } = await open();
      expect(await reader.find(digest, iat)).toBeUndefined();
      await ledger.record(issuanceRecord(1));
      expect(await reader.find(other.digest, other.iat)).toBeUndefined();
    });

    it('answers many look-ups at once, each its own', async () => {
      const { ledger, reader } = await open();
      const records = Array.from({ length: 200 }, (_, n) => issuanceRecord(n));
      await Promise.all(records.map((record) => ledger.record(record)));
      const found = await Promise.all(records.map((record) => reader.find(record.digest, record.iat)));
      expect(found).toEqual(records);
    });

    it('names the digests that are not recorded for the scope, in order', async () => {
      const { ledger, reader } = await open();
      await Promise.all([1, 3].map((n) => ledger.record(issuanceRecord(n))));
      await ledger.record(issuanceRecord(2, { scopeId: 'mail' }));
      const sightings = [4, 1, 2, 3].map((n) => sighted(n));
      expect(await reader.unknown('payments', sightings)).toEqual(
        [4, 2].map((n) => issuanceRecord(n).digest),
      );
      expect(await reader.unknown('payments', [])).toEqual([]);
    });

    it('knows a digest by the `iat` of its token alone', async () => {
      const { ledger, reader } = await open();
      await ledger.record(issuanceRecord(1));
      expect(await reader.unknown('payments', [sighted(1), sighted(2)])).toEqual([other.digest]);
    });
  });
}

function sighted(n: number): Sighting {
  const { digest, iat } = issuanceRecord(n);
  return { digest, iat };
}
