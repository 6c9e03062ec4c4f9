import type { Credential } from './service.ts';

/** What a signer is made of. */
export interface SignerOptions {
  /** The data plane of the service, such as `https://keys.example.com`. */
  readonly url: string | URL;
  /** The id of the key scope that tokens are signed for. */
  readonly scope: string;
  /** Of a client with the grant `sign`; a function is asked each time. */
  readonly credential: Credential;
  /** From the call to the token, retries included; 10,000 by default. */
  readonly deadlineMs?: number | undefined;
  /** In place of the global one. */
  readonly fetch?: typeof fetch | undefined;
}

/** What may be said of one token beside its claims. */
export interface SignOptions {
  /** How long it is good; the scope's policy has a default and a longest life. */
  readonly ttlSeconds?: number | undefined;
  /** The `typ` header, one of those that the scope's policy allows. */
  readonly typ?: string | undefined;
}

/** What your issuer says; the service writes `iss`, `aud`, `iat`, `nbf`, `exp` and `jti` and refuses them here. */
export type CallerClaims = Readonly<Record<string, unknown>> & {
  readonly iss?: never;
  readonly aud?: never;
  readonly iat?: never;
  readonly nbf?: never;
  readonly exp?: never;
  readonly jti?: never;
};

/** A token as it was made, and what the service wrote into it. */
export interface SignedToken {
  /** The compact JWS. */
  readonly token: string;
  /** The key that has signed it. */
  readonly kid: string;
  /** The token's own id, to revoke it by. */
  readonly jti: string;
  /** When it was issued, in seconds since the epoch. */
  readonly iat: number;
  /** When it expires, in seconds since the epoch. */
  readonly exp: number;
}

const MAX_DEPTH = 32;

/**
 * Throws a `TypeError` naming the place of the first value that JSON cannot carry as it is: numbers that are not
 * finite, `-0`, functions, symbols, BigInts, Maps and other class instances without `toJSON`, holes in arrays, half
 * surrogate pairs, cycles. A member that is `undefined` is left out, as JSON does.
 */
export function requireSendable(value: unknown, place: string): void {
  const flaw = flawOf(value, place, 0);
  if (flaw !== undefined) throw new TypeError(flaw);
}

function flawOf(value: unknown, place: string, depth: number): string | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : `${place}: half a surrogate pair is not text`;
  }
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return `${place}: JSON readers disagree on -0`;
    return Number.isFinite(value) ? undefined : `${place}: JSON has no ${value}`;
  }
  if (typeof value !== 'object') return `${place}: JSON has no ${typeof value}`;
  if (depth === MAX_DEPTH) return `${place}: nests too deep, or holds itself`;
  return flawOfObject(value, place, depth + 1);
}

function flawOfObject(value: object, place: string, depth: number): string | undefined {
  if ('toJSON' in value && typeof value.toJSON === 'function') return flawOf(value.toJSON(), place, depth);
  if (Array.isArray(value)) {
    return firstFlaw(
      Array.from(value, (element, at) => [`${place}[${at}]`, element]),
      depth,
    );
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `${place}: use plain objects, arrays, text, numbers, booleans and null`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return firstFlaw(
    members.map(([name, member]) => [`${place}.${name}`, member]),
    depth,
  );
}

function firstFlaw(parts: readonly [place: string, value: unknown][], depth: number): string | undefined {
  for (const [place, value] of parts) {
    const flaw = flawOf(value, place, depth);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}
