import type { KeyObject } from 'node:crypto';
import { KeywardError } from '../kernel/errors.ts';
import type { Binding, PublicJwk, RefusedKey, SigningKey } from '../kernel/key.ts';
import type { Registry, ScopesAndKeys, StoredKey } from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import type { Signer } from '../kernel/signer.ts';
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
 * What disagrees is left out and named; the others stand. A record that was verified is not verified again.
 */
export function createKeyReader(bindingKeys: BindingKeys): ReadKeys {
  const records = new Map<string, Binding>();
  const publicKeys = new Map<string, KeyObject>();
  const known: VerifiedParts = {
    record: ({ hsmToken, bindingRecord }) =>
      remembered(records, `${hsmToken} ${bindingRecord}`, () =>
        readBindingRecord(bindingRecord, bindingKeys.of(hsmToken)),
      ),
    publicKey: (kid, jwk) => remembered(publicKeys, kid, () => importPublicKey(jwk)),
  };
  return ({ scopes, keys }) => readKeys(scopes, keys, known);
}

/** `publicKey` of a JWK whose thumbprint is that kid. */
interface VerifiedParts {
  record(row: StoredKey): Binding;
  publicKey(kid: string, jwk: PublicJwk): KeyObject;
}

function remembered<T>(all: Map<string, T>, name: string, make: () => T): T {
  const known = all.get(name) ?? make();
  all.set(name, known);
  return known;
}

function readKeys(
  scopes: readonly Scope[],
  rows: readonly StoredKey[],
  known: VerifiedParts,
): ReturnType<ReadKeys> {
  const byId = new Map(scopes.map((scope) => [scope.id, scope]));
  const keys: SigningKey[] = [];
  const refused: RefusedKey[] = [];
  for (const row of rows) {
    try {
      keys.push(readStoredKey(row, byId.get(row.scopeId), known));
    } catch (error) {
      refused.push({
        kid: row.kid,
        scopeId: row.scopeId,
        why: errorMessage(error),
      });
    }
  }
  return { keys, refused };
}

function readStoredKey(row: StoredKey, scope: Scope | undefined, known: VerifiedParts): SigningKey {
  const signed = known.record(row);
  const publicJwk = readPublicJwk(row.publicJwk);
  const agreements: readonly (readonly [what: string, one: unknown, other: unknown])[] = [
    ['thumbprint of the public key', thumbprint(publicJwk), row.kid],
    ['kid', signed.kid, row.kid],
    ['scope', signed.scope, scope?.id],
    ['issuer', signed.issuer, scope?.issuer],
    ['audience', signed.audience, scope?.audience],
    ['algorithm', signed.algorithm, scope?.algorithm],
    ['HSM id', signed.hsmId, row.binding.hsmId],
  ];
  const differing = agreements.find(([, one, other]) => one !== other);
  if (differing) throw new Error(`${differing[0]}: registry and binding record disagree`);
  const startsEarly = row.signFrom !== null && row.signFrom < signed.signFrom;
  if (startsEarly || row.signUntil > signed.signUntil)
    throw new Error('signing window: wider than the binding record allows');
  return { ...row, binding: signed, publicJwk, publicKey: known.publicKey(row.kid, publicJwk) };
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

/** What each HSM token's signer was last asked to serve: it holds those keys, and so do its successors. */
export type Served = () => ReadonlyMap<string, ReadonlySet<string>>;

/** The signer, which remembers that. */
export function trackLoadedKeys<S extends Pick<Signer, 'serve' | 'tokens'>>(
  signer: S,
): { readonly signer: S; readonly served: Served } {
  const served = new Map<string, ReadonlySet<string>>();
  return {
    signer: {
      ...signer,
      serve(keys, hsmToken) {
        for (const name of hsmToken === undefined ? signer.tokens : [hsmToken]) {
          const here = keys.filter((key) => key.hsmToken === name);
          served.set(name, new Set(here.map(({ kid }) => kid)));
        }
        return signer.serve(keys, hsmToken);
      },
    },
    served: () => served,
  };
}
