import type { RecordAppender } from '../domain/append.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { IssuanceRecord, Ledger } from '../domain/ledger.ts';
import { toLedgerError } from './ledger-error.ts';

const DIGEST_BYTES = 32;

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
