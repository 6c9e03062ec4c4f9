import { describe, expect, it } from 'vitest';
import type { Ledger, LedgerReader } from '../../src/domain/ledger.ts';
import type { Sightings } from '../../src/domain/sightings.ts';
import { issuanceRecord } from '../support/issuance-records.ts';

export interface LedgerReaderBackend {
  readonly ledger: Ledger;
  readonly reader: LedgerReader & Sightings;
}

/** What every implementation of the `LedgerReader` and `Sightings` ports does. */
export function ledgerReaderContract(name: string, open: () => Promise<LedgerReaderBackend>): void {
  const { digest } = issuanceRecord(1);
  const other = issuanceRecord(2).digest;

  describe(`${name} as a reader of the ledger`, () => {
    it('finds a record, to the last value, as soon as `record` has settled', async () => {
      const { ledger, reader } = await open();
      await ledger.record(issuanceRecord(1));
      expect(await reader.find(digest)).toEqual(issuanceRecord(1));
    });

    it('finds one without subject and root event', async () => {
      const { ledger, reader } = await open();
      await ledger.record(issuanceRecord(1, { subject: null, root: null }));
      expect(await reader.find(digest)).toEqual(issuanceRecord(1, { subject: null, root: null }));
    });

    it('finds nothing of a digest that was not recorded', async () => {
      const { ledger, reader } = await open();
      expect(await reader.find(digest)).toBeUndefined();
      await ledger.record(issuanceRecord(1));
      expect(await reader.find(other)).toBeUndefined();
    });

    it('answers many look-ups at once, each its own', async () => {
      const { ledger, reader } = await open();
      const records = Array.from({ length: 200 }, (_, n) => issuanceRecord(n));
      await Promise.all(records.map((record) => ledger.record(record)));
      const found = await Promise.all(records.map((record) => reader.find(record.digest)));
      expect(found).toEqual(records);
    });

    it('names the digests that are not recorded for the scope, in order', async () => {
      const { ledger, reader } = await open();
      await Promise.all([1, 3].map((n) => ledger.record(issuanceRecord(n))));
      await ledger.record(issuanceRecord(2, { scopeId: 'mail' }));
      const digests = [4, 1, 2, 3].map((n) => issuanceRecord(n).digest);
      expect(await reader.unknown('payments', digests)).toEqual([digests[0], digests[2]]);
      expect(await reader.unknown('payments', [])).toEqual([]);
    });
  });
}
