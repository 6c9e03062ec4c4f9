import { KeywardError } from '../kernel/errors.ts';
import type { RefusedKey, SigningKey } from '../kernel/key.ts';
import type { Registry, ScopesAndKeys, StoredKey } from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import type { PlacedKey, Signer } from '../kernel/signer.ts';
import { errorMessage } from '../lib/text.ts';
import { readBindingRecord } from '../token/binding-record.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';
import { compromisedTokens, type KeyRingKeeper } from './key-ring.ts';
import type { BindingKeys } from './registry-key.ts';

type ReadKeys = (content: ScopesAndKeys) => {
  readonly keys: readonly SigningKey[];
  readonly refused: readonly RefusedKey[];
};

/**
 * Holds every key row against its scope, its public half and the record that its token's key signed (I1).
 * What disagrees is left out and named; the others stand. What no life of a key changes is verified once.
 */
export function createKeyReader(bindingKeys: BindingKeys): ReadKeys {
  const bound = new Map<string, BoundKey>();
  const boundKey = (row: StoredKey): BoundKey => {
    const name = JSON.stringify([row.hsmToken, row.kid, row.bindingRecord, row.publicJwk]);
    const known = bound.get(name) ?? readBoundKey(row, bindingKeys);
    bound.set(name, known);
    return known;
  };
  return ({ scopes, keys: rows }) => {
    const byId = new Map(scopes.map((scope) => [scope.id, scope]));
    const keys: SigningKey[] = [];
    const refused: RefusedKey[] = [];
    for (const row of rows) {
      try {
        keys.push(readStoredKey(row, byId.get(row.scopeId), boundKey(row)));
      } catch (error) {
        refused.push({ kid: row.kid, scopeId: row.scopeId, why: errorMessage(error) });
      }
    }
    return { keys, refused };
  };
}

type BoundKey = Pick<SigningKey, 'binding' | 'publicJwk' | 'publicKey'>;

function readBoundKey(row: StoredKey, bindingKeys: BindingKeys): BoundKey {
  const binding = readBindingRecord(row.bindingRecord, bindingKeys.of(row.hsmToken));
  const publicJwk = readPublicJwk(row.publicJwk);
  requireAgreement('thumbprint of the public key', thumbprint(publicJwk), row.kid);
  requireAgreement('kid', binding.kid, row.kid);
  return { binding, publicJwk, publicKey: importPublicKey(publicJwk) };
}

function readStoredKey(row: StoredKey, scope: Scope | undefined, bound: BoundKey): SigningKey {
  const signed = bound.binding;
  requireAgreement('scope', signed.scope, scope?.id);
  requireAgreement('issuer', signed.issuer, scope?.issuer);
  requireAgreement('audience', signed.audience, scope?.audience);
  requireAgreement('algorithm', signed.algorithm, scope?.algorithm);
  requireAgreement('HSM id', signed.hsmId, row.binding.hsmId);
  const startsEarly = row.signFrom !== null && row.signFrom < signed.signFrom;
  if (startsEarly || row.signUntil > signed.signUntil)
    throw new Error('signing window: wider than the binding record allows');
  return { ...row, ...bound };
}

function requireAgreement(what: string, one: unknown, other: unknown): void {
  if (one !== other) throw new Error(`${what}: registry and binding record disagree`);
}

interface RingFollowingDeps {
  readonly registry: Pick<Registry, 'follow'>;
  readonly keyRing: Pick<KeyRingKeeper, 'put' | 'refusedKeys'>;
  readonly bindingKeys: BindingKeys;
  /** Told once of each key row that is left out. */
  readonly onRefused: (key: RefusedKey) => void;
}

/** From here on the ring is a view of the registry. */
export function followRegistry({ registry, keyRing, bindingKeys, onRefused }: RingFollowingDeps): void {
  const read = createKeyReader(bindingKeys);
  registry.follow((content) => {
    const { keys, refused } = read(content);
    const before = new Set(keyRing.refusedKeys().map(({ kid }) => kid));
    keyRing.put({ scopes: content.scopes, keys, refused, blocked: compromisedTokens(content.keys) });
    for (const key of refused) if (!before.has(key.kid)) onRefused(key);
  });
}

export interface RingLoadingDeps extends RingFollowingDeps {
  readonly signer: Pick<Signer, 'serve'>;
  readonly keyRing: KeyRingKeeper;
}

/**
 * Fills the ring from the registry and has the signer take up the keys. With the HSM away the ring stands all
 * the same: key sets and verification need no HSM, and the signer proves the keys when it is back.
 */
export async function loadRing({ signer, ...deps }: RingLoadingDeps): Promise<void> {
  const { keyRing } = deps;
  followRegistry(deps);
  try {
    keyRing.applyProofs(await signer.serve(keyRing.references()));
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
  }
}

/** The `CKA_ID`s of the keys that each HSM token's signer is asked to serve: it holds them, and so do its successors. */
export type Served = () => ReadonlyMap<string, ReadonlySet<string>>;

/** The signer, which remembers that. */
export function trackLoadedKeys<S extends Pick<Signer, 'serve' | 'serveAlso' | 'release' | 'tokens'>>(
  signer: S,
): { readonly signer: S; readonly served: Served } {
  const served = new Map<string, Set<string>>();
  const idsOn = (hsmToken: string, keys: readonly PlacedKey[]) =>
    keys.flatMap((key) => (key.hsmToken === hsmToken ? [key.hsmId] : []));
  const servedOn = (hsmToken: string) => {
    const ids = served.get(hsmToken) ?? new Set();
    served.set(hsmToken, ids);
    return ids;
  };
  return {
    signer: {
      ...signer,
      serve(keys, hsmToken) {
        for (const name of hsmToken === undefined ? signer.tokens : [hsmToken]) {
          served.set(name, new Set(idsOn(name, keys)));
        }
        return signer.serve(keys, hsmToken);
      },
      serveAlso(keys, hsmToken) {
        for (const hsmId of idsOn(hsmToken, keys)) servedOn(hsmToken).add(hsmId);
        return signer.serveAlso(keys, hsmToken);
      },
      release(hsmIds, hsmToken) {
        for (const hsmId of hsmIds) servedOn(hsmToken).delete(hsmId);
        return signer.release(hsmIds, hsmToken);
      },
    },
    served: () => served,
  };
}
