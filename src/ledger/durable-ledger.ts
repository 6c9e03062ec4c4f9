import type { RecordAppender } from '../domain/append.ts';
import { type ErrorCode, KeywardError } from '../domain/errors.ts';
import type { IssuanceRecord, Ledger } from '../domain/ledger.ts';

const DIGEST_BYTES = 32;
const PASSED_ON: ReadonlySet<ErrorCode> = new Set(['overloaded', 'shutting_down']);

/**
 * The ledger over whatever makes records durable. A record whose fate is unknown counts as failed: its token
 * is never released (I5).
 */
export function createLedger(appender: RecordAppender): Ledger {
  return {
    async record(record) {
      refuseMisshapen(record);
      try {
        await appender.append(record);
      } catch (error) {
        throw toLedgerError(error);
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

function toLedgerError(cause: unknown): KeywardError {
  if (cause instanceof KeywardError && PASSED_ON.has(cause.code)) return cause;
  return new KeywardError('ledger_unavailable', 'Tokens cannot be recorded now; try again shortly.', {
    cause,
    retryAfterSeconds: 2,
  });
}
