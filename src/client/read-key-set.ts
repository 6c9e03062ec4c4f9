import type { KeyObject } from 'node:crypto';
import { parseToken } from '../token/parse-token.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';
import {
  KEY_SET_TYP,
  MAX_KEY_SET_LENGTH,
  MAX_KEYS,
  type PublishedKey,
  type PublishedPolicy,
  readPublishedKey,
  readPublishedPolicy,
} from '../token/published-key-set.ts';
import { verifySignature } from '../token/signature.ts';
import { parseStrictObject } from '../token/strict-json.ts';

export interface HeldKey extends PublishedKey {
  readonly publicKey: KeyObject;
}

/** A key set as a verifier holds it. */
export interface KeySet {
  readonly version: number;
  readonly keys: ReadonlyMap<string, HeldKey>;
  readonly policy: PublishedPolicy;
  /** Seconds since the epoch; null for a set that is not signed. */
  readonly expiresAt: number | null;
}

interface PinnedKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
}

const MAX_DEPTH = 8;

/** The registry keys that a signed key set may be by. Throws where one is no public P-256 key, or there is none. */
export function pinnedKeys(jwks: object | readonly object[]): readonly PinnedKey[] {
  const pinned = (Array.isArray(jwks) ? jwks : [jwks]).map(pinnedKey);
  if (pinned.length === 0) throw new Error('registryKey: name at least one key');
  return pinned;
}

function pinnedKey(jwk: unknown): PinnedKey {
  const publicJwk = readPublicJwk(jwk);
  if (publicJwk.kty !== 'EC' || publicJwk.crv !== 'P-256') throw new Error('the registry key is a P-256 key');
  return { kid: thumbprint(publicJwk), publicKey: importPublicKey(publicJwk) };
}

/** `jwks.json` of that scope. Throws, and says why, for anything that a verifier must not take up. */
export function readKeySet(text: string, scope: string): KeySet {
  const set = parseStrictObject(text, { maxDepth: MAX_DEPTH });
  requireThat(set.kw_scope === scope, 'it is the key set of another scope');
  return { ...readContent(set, set.kw_version), expiresAt: null };
}

/**
 * `jwks.jwt` of that scope, by one of the pinned keys; `now` in seconds since the epoch. Does not use jose: this
 * package has no dependencies.
 */
export async function readSignedKeySet(
  jws: string,
  { scope, issuer, pinned }: { scope: string; issuer: string; pinned: readonly PinnedKey[] },
  now: number,
): Promise<KeySet> {
  const parsed = parseToken(jws, MAX_KEY_SET_LENGTH);
  if (!parsed.ok) throw new Error(`it is malformed: ${parsed.problem}`);
  const { header, claims, signingInput, signature } = parsed.token;
  requireThat(header.typ === KEY_SET_TYP && header.alg === 'ES256', 'it is no signed key set');
  const key = pinned.find(({ kid }) => kid === header.kid);
  if (!key) throw new Error('it is signed by another key than the one that is pinned');
  requireThat(
    await verifySignature('ES256', key.publicKey, signingInput, signature),
    'its signature is wrong',
  );
  requireThat(claims.sub === scope, 'it is the key set of another scope');
  requireThat(claims.iss === issuer, 'it is the key set of another issuer');
  const { exp } = claims;
  if (!Number.isSafeInteger(exp) || Number(exp) <= now) throw new Error('it has expired');
  return { ...readContent(claims, claims.version), expiresAt: Number(exp) };
}

function readContent(set: Readonly<Record<string, unknown>>, version: unknown) {
  if (!Number.isSafeInteger(version) || Number(version) < 1) throw new Error('it has no version');
  const { keys: listed, kw_policy: policy } = set;
  if (!Array.isArray(listed) || listed.length > MAX_KEYS) throw new Error('it has no list of keys');
  const keys = new Map<string, HeldKey>();
  for (const each of listed) {
    const key = readPublishedKey(each);
    requireThat(!keys.has(key.kid), 'a key stands in it twice');
    keys.set(key.kid, { ...key, publicKey: importPublicKey(key.publicJwk) });
  }
  return { version: Number(version), keys, policy: readPublishedPolicy(policy) };
}

function requireThat(holds: boolean, flaw: string): void {
  if (!holds) throw new Error(flaw);
}
