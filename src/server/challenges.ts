import type { ErrorCode } from '../kernel/errors.ts';
import { PROBLEMS } from './problem.ts';
import type { ApiResponse } from './route.ts';

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
