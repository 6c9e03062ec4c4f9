import type { KeyObject } from 'node:crypto';
import type { Subscribable } from '../lib/emitter.ts';
import type { Algorithm } from './algorithm.ts';
import { KeywardError } from './errors.ts';
import type { Scope } from './scope.ts';

/**
 * The token of the configuration's `hsm`, which holds the registry key and the audit key. Further ones have the
 * names that `hsm_tokens` gives them.
 */
export const FIRST_TOKEN = 'primary';

/** What the keys of a lost first token are placed on, once it is replaced: 1 for the first that was. */
export function formerToken(number: number): string {
  return `former-${number}`;
}

export function isFormerToken(hsmToken: string): boolean {
  return /^former-\d+$/.test(hsmToken);
}

/** Where a key is, or shall be made. */
export interface Placed {
  /** Name of an HSM token in the configuration. */
  readonly hsmToken: string;
}

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
 * `privateKeyDestroyed` is no state: in the HSM the key is gone, while its public half may still verify.
 */
export interface KeyTimes {
  readonly activated: number | null;
  readonly deactivated: number | null;
  readonly suspended: number | null;
  readonly resumed: number | null;
  readonly compromised: number | null;
  /** The whole HSM token that holds it was declared compromised. */
  readonly tokenCompromised: number | null;
  readonly privateKeyDestroyed: number | null;
  readonly destroyed: number | null;
}

export const NO_TIMES: KeyTimes = Object.freeze({
  activated: null,
  deactivated: null,
  suspended: null,
  resumed: null,
  compromised: null,
  tokenCompromised: null,
  privateKeyDestroyed: null,
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

/**
 * Scopes and keys as the hot path sees them: in memory, never a look-up elsewhere. A key that failed its proof
 * is in none of the answers.
 */
export interface KeyRing {
  /** Grows with every change, so that what is composed from the ring knows when it is old. */
  readonly revision: number;
  scope(id: string): Scope | undefined;
  scopes(): readonly Scope[];
  /** The key that signs for the scope now; undefined when there is none or it is not proven. */
  activeKey(scopeId: string): SigningKey | undefined;
  /** All keys of one scope that are not destroyed, newest first. */
  keysOf(scopeId: string): readonly SigningKey[];
  /** Any scope's key: to tell a foreign key from an unknown one, never to accept a token. */
  keyNamed(kid: string): SigningKey | undefined;
}

/** `unknown_scope` where there is none of that id. */
export function requireScope(keyRing: Pick<KeyRing, 'scope'>, id: string): Scope {
  const scope = keyRing.scope(id);
  if (!scope) throw new KeywardError('unknown_scope', 'there is no scope of this id');
  return scope;
}

/** The ring with word of its changes. */
export interface WatchedKeyRing extends KeyRing {
  /** The id of each scope whose keys, or their standing, are others than before. */
  readonly changes: Subscribable<string>;
}

/**
 * What the last read-back said of a key (I7). `missing`: the HSM did not show it, so it does not sign, while its
 * public half still verifies. `unchecked`: not read back since the start, with the HSM away or because the
 * key's state calls for none.
 */
export const PROOF_STATUSES = ['proven', 'unproven', 'missing', 'unchecked'] as const;
export type ProofStatus = (typeof PROOF_STATUSES)[number];

export interface KnownKey {
  readonly key: SigningKey;
  readonly proof: { readonly status: ProofStatus; readonly reasons: readonly string[] };
}

/** A key row that was left out when it was loaded, because the places that bind it disagree (I1). */
export interface RefusedKey {
  readonly kid: string;
  readonly scopeId: string;
  readonly why: string;
}

/** The active keys that their signers lack, or that are not proven: their scopes get no tokens. */
export function lackedKeys(keyRing: Pick<KeyRing, 'scopes'> & Pick<KnownKeys, 'knownKeysOf'>): KnownKey[] {
  return keyRing
    .scopes()
    .flatMap(({ id }) => keyRing.knownKeysOf(id))
    .filter(({ key, proof }) => key.state === 'active' && LACKED.has(proof.status));
}

export interface SigningScopes {
  /** Those that have an active key. */
  readonly signing: number;
  /** Those of them whose signer lacks it. */
  readonly lacking: readonly string[];
  /** The HSM tokens that active keys are on. */
  readonly hsmTokens: ReadonlySet<string>;
}

export function signingScopes(
  keyRing: Pick<KeyRing, 'scopes'> & Pick<KnownKeys, 'knownKeysOf'>,
): SigningScopes {
  const lacking = lackedKeys(keyRing).map(({ key }) => key.scopeId);
  const active = keyRing
    .scopes()
    .flatMap(({ id }) => keyRing.knownKeysOf(id).find(({ key }) => key.state === 'active') ?? []);
  return { signing: active.length, lacking, hsmTokens: new Set(active.map(({ key }) => key.hsmToken)) };
}

const LACKED: ReadonlySet<ProofStatus> = new Set(['missing', 'unproven']);

/** Keys as the security team sees them: those that are kept out of service too, and why. */
export interface KnownKeys {
  /** All keys of one scope that are not destroyed, newest first. */
  knownKeysOf(scopeId: string): readonly KnownKey[];
  /** Of whatever scope, the destroyed ones too. */
  knownKey(kid: string): KnownKey | undefined;
  refusedKeys(): readonly RefusedKey[];
}
