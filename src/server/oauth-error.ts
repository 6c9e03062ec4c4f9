import type { KeywardError } from '../kernel/errors.ts';
import { PROBLEMS } from './problem.ts';
import type { OAuthError } from './schemas/oauth-error.ts';

/** What is wrong with the request is a 400 in OAuth, also where the API else says 422 (RFC 6749 §5.2). */
export function oauthStatus(code: KeywardError['code']): number {
  const { status } = PROBLEMS[code];
  return status === 422 ? 400 : status;
}

/** RFC 6749 §5.2 and §4.1.2.1, RFC 6750 §3.1. */
export function oauthErrorName(status: number): OAuthError['error'] {
  if (status === 401) return 'invalid_client';
  if (status === 403) return 'insufficient_scope';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

export function oauthError({ code, message }: KeywardError): OAuthError {
  const error = oauthErrorName(oauthStatus(code));
  return code === 'internal' ? { error } : { error, error_description: describable(message) };
}

/** Only these characters may stand in `error_description`. */
function describable(message: string): string {
  return message.replaceAll(/["\\]/g, "'").replaceAll(/[^ -~]/g, '?');
}
