import type { TokenType } from '../kernel/policy.ts';

const MEDIA_TYPE_PREFIX = 'application/';

/**
 * Whether a `typ` header is one of the types allowed. Media type names ignore case, and `application/` may be
 * left out where no other slash follows (RFC 7515 §4.1.9, RFC 9068 §4). No `typ` is `untyped`, and nothing else is.
 */
export function isAllowedType(typ: unknown, allowed: readonly TokenType[]): boolean {
  if (typ === undefined) return allowed.includes('untyped');
  const name = shortName(typ);
  return allowed.some((type) => type !== 'untyped' && type.toLowerCase() === name);
}

/** RFC 9068: an OAuth access token. */
export function isAccessTokenType(typ: unknown): boolean {
  return isAllowedType(typ, ['at+jwt']);
}

function shortName(typ: unknown): string | undefined {
  if (typeof typ !== 'string') return undefined;
  const name = typ.toLowerCase();
  return name.startsWith(MEDIA_TYPE_PREFIX) ? name.slice(MEDIA_TYPE_PREFIX.length) : name;
}
