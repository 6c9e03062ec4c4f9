import type { KeyObject } from 'node:crypto';
import type { Algorithm } from './algorithm.ts';
import type { Placed } from '../domain/hsm-token.ts';

/** NIST SP 800-57 part 1 §7, and `suspended` for an investigation. */
export const KEY_STATES = [
  'pre_activation',
  'active',
  'deactivated',
  'suspended',
  'compromised',
  'destroyed',
] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** The public half as RFC 7517 writes it: the members of the RFC 7638 thumbprint and no other. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384'; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };

/** What the registry key vouches for (I1, I8): the outer bounds within which the signer will sign. */
export interface Binding {
  readonly kid: string;
  readonly scope: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: Algorithm;
  /** `CKA_ID` of both halves, 16 bytes as hex. */
  readonly hsmId: string;
  readonly signFrom: number;
  readonly signUntil: number;
  readonly maxTtlSeconds: number;
}

/**
 * When each of these happened to the key, the last time where it may happen again; null where it never did.
 * `privateHalfDestroyed` is no state: in the HSM the key is gone, while its public half may still verify.
 */
export interface KeyTimes {
  readonly activated: number | null;
  readonly deactivated: number | null;
  readonly suspended: number | null;
  readonly resumed: number | null;
  readonly compromised: number | null;
  /** The whole HSM token that holds it was declared compromised. */
  readonly tokenCompromised: number | null;
  readonly privateHalfDestroyed: number | null;
  readonly destroyed: number | null;
}

export const NO_TIMES: KeyTimes = Object.freeze({
  activated: null,
  deactivated: null,
  suspended: null,
  resumed: null,
  compromised: null,
  tokenCompromised: null,
  privateHalfDestroyed: null,
  destroyed: null,
});

/** A key pair of the HSM, bound to one scope for life. Times in seconds since the epoch. */
export interface SigningKey extends Placed {
  readonly kid: string;
  readonly scopeId: string;
  readonly state: KeyState;
  readonly binding: Binding;
  /** The binding as a compact JWS by the registry key. */
  readonly bindingRecord: string;
  readonly publicJwk: PublicJwk;
  /** The same as `publicJwk`, ready for `crypto.verify`. */
  readonly publicKey: KeyObject;
  readonly publishedAt: number;
  /** The registry's own window; it lies within the binding's. Null until the key is first activated. */
  readonly signFrom: number | null;
  /** The published `kw_sign_until`. */
  readonly signUntil: number;
  readonly createdAt: number;
  readonly times: KeyTimes;
  /** A compromised key whose private half stays in the HSM for an investigation. */
  readonly keptForForensics: boolean;
}

/** Published `exp` of a key: the latest instant at which a token of it can still be good (DESIGN §6). */
export function verifyUntil(
  key: Pick<SigningKey, 'signUntil' | 'binding'>,
  clockSkewSeconds: number,
): number {
  return key.signUntil + key.binding.maxTtlSeconds + clockSkewSeconds;
}
