import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import {
  type IssuanceRecord,
  type Ledger,
  type LedgerReader,
  type RecordLookup,
  Superseded,
} from '../kernel/issuance.ts';
import type { RecordAppender } from '../kernel/ledger-search.ts';
import type { Sightings } from '../kernel/verification.ts';

const PASSED_ON: ReadonlySet<ErrorCode> = new Set([
  'overloaded',
  'rate_limited',
  'shutting_down',
  'jti_used',
]);

/** What a failure of storage means to whoever needs the ledger. */
function toLedgerError(cause: unknown, message: string): KeywardError {
  if (cause instanceof Superseded) return cause;
  if (cause instanceof KeywardError && PASSED_ON.has(cause.code)) return cause;
  return new KeywardError('ledger_unavailable', message, { cause, retryAfterSeconds: 2 });
}

const DIGEST_BYTES = 32;

/**
 * The ledger over whatever makes records durable. A record whose fate is unknown counts as failed: its token
 * is never released (I5).
 */
export function createLedger(appender: RecordAppender): Ledger {
  return {
    async record(record, recording) {
      refuseMisshapen(record);
      try {
        await appender.append(record, recording);
      } catch (error) {
        throw toLedgerError(error, 'Tokens cannot be recorded now; try again shortly.');
      }
    },
  };
}

function refuseMisshapen({ digest }: IssuanceRecord): void {
  if (digest.length === DIGEST_BYTES) return;
  throw new KeywardError('internal', 'The token could not be recorded.', {
    cause: new Error(`a digest of ${digest.length} bytes`),
  });
}

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

async function answered<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw toLedgerError(error, 'The ledger cannot be asked now; try again shortly.');
  }
}
