import type { TokenType } from '../kernel/policy.ts';
import type { RefusalReason } from '../kernel/verification.ts';
import type { SignedContent } from './parse-token.ts';

const MEDIA_TYPE_PREFIX = 'application/';

/**
 * Whether a `typ` header is one of the types allowed. Media type names ignore case, and `application/` may be
 * left out where no other slash follows (RFC 7515 §4.1.9, RFC 9068 §4). No `typ` is `untyped`, and nothing else is.
 * jose allows one type, which must be there.
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

type Claims = Readonly<Record<string, unknown>>;

/**
 * What a token of one key may claim. Times and spans in seconds. jose knows neither a signing window nor a longest
 * lifetime.
 */
export interface ClaimRules {
  readonly issuer: string;
  readonly audience: string;
  readonly clockSkewSeconds: number;
  readonly maxTtlSeconds: number;
  /** The key's signing window, both ends included. */
  readonly signFrom: number;
  readonly signUntil: number;
}

/** Claims whose form `areWellFormed` has checked. */
interface TimeClaims {
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
}

const TEXT_CLAIMS = ['sub', 'jti', 'client_id'] as const;

/**
 * Whether the claims have the form that any token must have, whoever signed it: `exp` and `iat` finite numbers,
 * `nbf` too where present (RFC 7519 §4.1); `sub`, `jti` and `client_id` non-empty text where present, and always
 * present in an access token (RFC 9068 §2.2).
 */
export function areWellFormed({ header, claims }: SignedContent): boolean {
  const required = isAccessTokenType(header.typ) ? TEXT_CLAIMS : [];
  return (
    Number.isFinite(claims.exp) &&
    Number.isFinite(claims.iat) &&
    (!Object.hasOwn(claims, 'nbf') || Number.isFinite(claims.nbf)) &&
    required.every((name) => Object.hasOwn(claims, name)) &&
    TEXT_CLAIMS.every((name) => isTextOrAbsent(claims, name))
  );
}

/**
 * The first of the rules that well-formed claims break, in the order of DESIGN §8's reasons; undefined where
 * they keep them all. Only a checked signature makes the answer mean anything.
 *
 * The skew widens `nbf`, `iat` and `exp`: a token is expired from `exp + skew` on, and not yet valid where
 * `nbf` or `iat` lies beyond `now + skew`. It never widens the signing window or the lifetime, whose times all
 * come from the issuer's one clock.
 */
export function refusalOfClaims(claims: Claims, rules: ClaimRules, now: number): RefusalReason | undefined {
  if (claims.iss !== rules.issuer) return 'wrong_issuer';
  if (!isOnlyAudience(claims.aud, rules.audience)) return 'wrong_audience';
  return refusalOfTimes(claims as unknown as TimeClaims, rules, now);
}

function refusalOfTimes({ iat, exp, nbf }: TimeClaims, rules: ClaimRules, now: number) {
  if (exp <= now - rules.clockSkewSeconds) return 'expired';
  if (Math.max(iat, nbf ?? iat) > now + rules.clockSkewSeconds) return 'not_yet_valid';
  if (iat < rules.signFrom || iat > rules.signUntil) return 'outside_signing_window';
  if (exp - iat > rules.maxTtlSeconds) return 'lifetime_too_long';
  return undefined;
}

function isOnlyAudience(aud: unknown, audience: string): boolean {
  return Array.isArray(aud) ? aud.length === 1 && aud[0] === audience : aud === audience;
}

function isTextOrAbsent(claims: Claims, name: string): boolean {
  return !Object.hasOwn(claims, name) || (typeof claims[name] === 'string' && claims[name] !== '');
}
