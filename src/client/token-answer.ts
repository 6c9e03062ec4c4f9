import { ServiceFailure } from './errors.ts';
import type { SignedToken } from './signer-options.ts';

type Members = Readonly<Record<string, unknown>>;

export function tokenIn(answer: unknown): SignedToken {
  const { token, kid, jti, iat, exp } = membersOf(answer);
  if (typeof token !== 'string' || typeof kid !== 'string' || typeof jti !== 'string') throw noToken();
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) throw noToken();
  return { token, kid, jti, iat: Number(iat), exp: Number(exp) };
}

/** The problem that stands in a batch's results in place of a token. */
export function failureIn(result: unknown): ServiceFailure | undefined {
  const { problem } = membersOf(result);
  if (problem === undefined) return undefined;
  const { status, code, detail } = membersOf(problem);
  return new ServiceFailure(typeof detail === 'string' ? detail : 'the service made no token', {
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof code === 'string' ? { code } : {}),
  });
}

function membersOf(value: unknown): Members {
  if (typeof value !== 'object' || value === null) throw noToken();
  return value as Members;
}

function noToken(): ServiceFailure {
  return new ServiceFailure('the answer holds no token');
}

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
