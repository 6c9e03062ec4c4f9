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
