import { requireThat } from './errors.ts';
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
 * The value as JSON will carry it: a copy of plain objects, arrays and scalars. Reads each getter and calls each
 * `toJSON` once, so that what is checked is what is sent. Throws a `TypeError` naming the place of the first value that
 * JSON cannot carry as it is: numbers that are not finite, `-0`, functions, symbols, BigInts, dates that are none, Maps
 * and other class instances without `toJSON`, holes in arrays, half surrogate pairs, cycles. A member that is
 * `undefined` is left out, as JSON does.
 */
export function sendableCopy(value: unknown, name: string): unknown {
  return copyOf(value, { name, place: name, depth: 0 });
}

interface Spot {
  /** As `toJSON` is told it. */
  readonly name: string;
  readonly place: string;
  readonly depth: number;
}

function copyOf(value: unknown, spot: Spot): unknown {
  const { name, place, depth } = spot;
  if (value instanceof Date && Number.isNaN(value.getTime()))
    throw new TypeError(`${place}: JSON has no invalid date`);
  const isObject = typeof value === 'object' && value !== null;
  const toJSON: unknown = isObject && 'toJSON' in value ? value.toJSON : undefined;
  const told: unknown = typeof toJSON === 'function' ? toJSON.call(value, name) : value;
  if (typeof told !== 'object' || told === null) return checkedScalar(told, place);
  if (depth === MAX_DEPTH) throw new TypeError(`${place}: nests too deep, or holds itself`);
  return Array.isArray(told) ? copyOfArray(told, spot) : copyOfObject(told, spot);
}

function checkedScalar(value: unknown, place: string): unknown {
  if (typeof value === 'string') {
    requireThat(value.isWellFormed(), `${place}: half a surrogate pair is not text`);
  } else if (typeof value === 'number') {
    requireThat(!Object.is(value, -0), `${place}: JSON readers disagree on -0`);
    requireThat(Number.isFinite(value), `${place}: JSON has no ${value}`);
  } else {
    requireThat(value === null || typeof value === 'boolean', `${place}: JSON has no ${typeof value}`);
  }
  return value;
}

function copyOfArray(elements: readonly unknown[], { place, depth }: Spot): unknown[] {
  const copy: unknown[] = [];
  for (let at = 0; at < elements.length; at += 1) {
    copy.push(copyOf(elements[at], { name: String(at), place: `${place}[${at}]`, depth: depth + 1 }));
  }
  return copy;
}

function copyOfObject(value: object, { place, depth }: Spot): object {
  const prototype: unknown = Object.getPrototypeOf(value);
  requireThat(
    prototype === Object.prototype || prototype === null,
    `${place}: use plain objects, arrays, text, numbers, booleans and null`,
  );
  // Unlike an assignment, it makes `__proto__` a member like others.
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (member === undefined) return [];
      requireThat(name.isWellFormed(), `${place}: half a surrogate pair is no name`);
      return [[name, copyOf(member, { name, place: `${place}.${name}`, depth: depth + 1 })]];
    }),
  );
}
