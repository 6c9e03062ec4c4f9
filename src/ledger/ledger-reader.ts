import type { LedgerReader } from '../domain/ledger.ts';
import type { RecordLookup } from '../domain/lookup.ts';
import type { Sightings } from '../domain/sightings.ts';
import { toLedgerError } from './ledger-error.ts';

/** Reads the ledger over whatever looks records up. */
export function createLedgerReader(lookup: RecordLookup): LedgerReader & Sightings {
  return {
    find: (digest, iat) => answered(() => lookup.find(digest, iat)),
    unknown: (scopeId, sightings, by) =>
      answered(async () => {
        const known = await lookup.known(scopeId, sightings, by?.clientId ?? '');
        return sightings.filter((_, index) => !known[index]).map(({ digest }) => digest);
      }),
  };
}

async function answered<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw toLedgerError(error, 'The ledger cannot be asked now; try again shortly.');
  }
}
