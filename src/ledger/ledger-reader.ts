import type { Clock } from '../domain/clock.ts';
import type { LedgerReader } from '../domain/ledger.ts';
import type { RecordLookup, SoughtRecord } from '../domain/lookup.ts';
import { POLICY_BOUNDS } from '../domain/policy.ts';
import type { Sighting, Sightings } from '../domain/sightings.ts';
import { toLedgerError } from './ledger-error.ts';

const [, LONGEST_TTL_SECONDS] = POLICY_BOUNDS.maxTtlSeconds;
const [, LARGEST_SKEW_SECONDS] = POLICY_BOUNDS.clockSkewSeconds;
/** By how much a relying service's clock may be behind for its word of when it saw a token to be followed. */
const SLOW_CLOCK_SECONDS = 60;

/** Reads the ledger over whatever looks records up. */
export function createLedgerReader(lookup: RecordLookup, clock: Clock): LedgerReader & Sightings {
  return {
    find: (digest, iat) => answered(() => lookup.find(digest, iat)),
    unknown: (scopeId, sightings) =>
      answered(async () => {
        const now = clock.nowSeconds();
        const known = await lookup.known(
          scopeId,
          sightings.map((sighting) => soughtRecord(sighting, now)),
        );
        return sightings.filter((_, index) => !known[index]).map(({ digest }) => digest);
      }),
  };
}

/** An accepted token was good when it was seen: it was issued before that, and no longer ago than tokens live. */
function soughtRecord(
  { digest, seenAt = Number.MAX_SAFE_INTEGER, iat }: Sighting,
  now: number,
): SoughtRecord {
  if (iat !== undefined) return { digest, iatFrom: iat, iatUntil: iat };
  const seen = Math.min(seenAt, now);
  return {
    digest,
    iatFrom: seen - LONGEST_TTL_SECONDS - LARGEST_SKEW_SECONDS,
    iatUntil: Math.min(seen + SLOW_CLOCK_SECONDS, now),
  };
}

async function answered<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw toLedgerError(error, 'The ledger cannot be asked now; try again shortly.');
  }
}
