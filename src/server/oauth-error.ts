import type { ErrorCode, KeywardError } from '../kernel/errors.ts';
import type { ApiResponse } from './exchange.ts';
import { PROBLEMS } from './problem.ts';
import type { OAuthError } from './wire.ts';

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

type Scheme = 'Bearer' | 'Basic';

/**
 * `WWW-Authenticate` of a 401 or 403, for the scheme in which the client showed itself or, of an OAuth endpoint, for
 * each in which it may (RFC 6749 §5.2, RFC 6750 §3). Names and values in turn.
 */
export function challenges(response: ApiResponse, code: ErrorCode): readonly string[] {
  const { status } = PROBLEMS[code];
  if (status !== 401 && status !== 403) return [];
  return schemesOf(response).flatMap((scheme) => {
    const error = errorOf(scheme, status, code);
    return ['WWW-Authenticate', `${scheme} realm="keyward"${error && `, error="${error}"`}`];
  });
}

function schemesOf({ locals: { oauth, form }, req }: ApiResponse): readonly Scheme[] {
  if (!oauth) return ['Bearer'];
  const [scheme] = (req.headers.authorization ?? '').toLowerCase().split(' ', 1);
  if (scheme === 'bearer') return ['Bearer'];
  return scheme === 'basic' || form?.has('client_secret') ? ['Basic'] : ['Bearer', 'Basic'];
}

/** RFC 6750 §3.1: none where no credential was given. Basic knows none of its own for one that is wrong. */
function errorOf(scheme: Scheme, status: 401 | 403, code: ErrorCode): string {
  if (status === 403) return 'insufficient_scope';
  return scheme === 'Basic' || code === 'credential_missing' ? '' : 'invalid_token';
}
