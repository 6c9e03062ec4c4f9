import { describe, expect, it } from 'vitest';
import type { IssuanceRecord, Ledger } from '../../src/kernel/issuance.ts';
import { issuanceRecord } from '../support/issuance-records.ts';

/** A ledger under test, and what its storage holds, read past it. */
export interface LedgerBackend {
  readonly ledger: Ledger;
  recorded(): Promise<readonly IssuanceRecord[]>;
}

/** What every implementation of the `Ledger` port does. */
export function ledgerContract(name: string, open: () => Promise<LedgerBackend>): void {
  describe(`${name} as a ledger`, () => {
    it('holds a record, to the last value, once `record` has settled', async () => {
      const { ledger, recorded } = await open();
      await ledger.record(issuanceRecord(1));
      expect(await recorded()).toEqual([issuanceRecord(1)]);
    });

    it('holds a record without a subject as such', async () => {
      const { ledger, recorded } = await open();
      await ledger.record(issuanceRecord(1, { subject: null }));
      expect(await recorded()).toEqual([issuanceRecord(1, { subject: null })]);
    });

    it('holds subjects in any script, and those that look like SQL', async () => {
      const { ledger, recorded } = await open();
      const subjects = ['Ａ', '😀', "x'); DROP TABLE issuance_records; --", ''];
      for (const [n, subject] of subjects.entries()) await ledger.record(issuanceRecord(n, { subject }));
      expect((await recorded()).map(({ subject }) => subject)).toEqual(subjects);
    });

    it('takes many records at once and keeps their order', async () => {
      const { ledger, recorded } = await open();
      const records = Array.from({ length: 200 }, (_, n) => issuanceRecord(n));
      await Promise.all(records.map((record) => ledger.record(record)));
      expect(await recorded()).toEqual(records);
    });

    it('refuses a second record of the same digest, and keeps the first', async () => {
      const { ledger, recorded } = await open();
      await ledger.record(issuanceRecord(1));
      await expect(ledger.record(issuanceRecord(1, { jti: 'another' }))).rejects.toMatchObject({
        name: 'KeywardError',
        code: 'ledger_unavailable',
      });
      expect(await recorded()).toEqual([issuanceRecord(1)]);
    });

    it('takes a caller’s own jti once a scope, also of two at a time and for what is the same to the letter', async () => {
      const { ledger, recorded } = await open();
      const jti = 'a'.repeat(24);
      const [first, elsewhere] = [issuanceRecord(1, { jti }), issuanceRecord(2, { jti, scopeId: 'mail' })];
      const outcomes = await Promise.allSettled(
        [first, first, issuanceRecord(3, { jti }), elsewhere].map((record) => ledger.record(record)),
      );
      await expect(ledger.record(issuanceRecord(4, { jti }))).rejects.toMatchObject({ code: 'jti_used' });
      expect(outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'recorded'))).toEqual([
        'recorded',
        'jti_used',
        'jti_used',
        'recorded',
      ]);
      expect(await recorded()).toEqual([first, elsewhere]);
    });

    it.each([0, 31, 33])('refuses a digest of %i bytes, and takes one of 32', async (bytes) => {
      const { ledger, recorded } = await open();
      const misshapen = issuanceRecord(1, { digest: Buffer.alloc(bytes) });
      const neighbour = issuanceRecord(2);
      const refused = ledger.record(misshapen);
      await Promise.all([
        expect(refused).rejects.toMatchObject({ code: 'internal' }),
        ledger.record(neighbour),
      ]);
      expect(await recorded()).toEqual([neighbour]);
    });
  });
}
