import { type ErrorCode, KeywardError } from '../kernel/errors.ts';

const PASSED_ON: ReadonlySet<ErrorCode> = new Set([
  'overloaded',
  'rate_limited',
  'shutting_down',
  'jti_used',
]);

/** What a failure of storage means to whoever needs the ledger. */
export function toLedgerError(cause: unknown, message: string): KeywardError {
  if (cause instanceof KeywardError && PASSED_ON.has(cause.code)) return cause;
  return new KeywardError('ledger_unavailable', message, { cause, retryAfterSeconds: 2 });
}
