import { ServiceFailure } from './errors.ts';

/** Answers by which the service says that it has made no token. */
const NOTHING_DONE: ReadonlySet<number | undefined> = new Set([429, 503]);
/** The connection was never there, so nothing was sent. */
const NEVER_SENT: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

/** A call whose answer was lost is not repeated: a token may have been made. */
export function isSafeToRepeat(error: unknown): boolean {
  if (!(error instanceof ServiceFailure)) return false;
  return NOTHING_DONE.has(error.status) || (error.status === undefined && wasNeverSent(error));
}

/** `fetch` buries the system's own error. */
function wasNeverSent(error: Error): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && NEVER_SENT.has(cause.code)) return true;
  }
  return false;
}
