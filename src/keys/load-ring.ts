import { KeywardError } from '../kernel/errors.ts';
import type { RefusedKey, SigningKey } from '../kernel/key.ts';
import type { Registry, StoredKey, UnfinishedScope } from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import type { Signer } from '../kernel/signer.ts';
import { errorMessage } from '../lib/text.ts';
import { readBindingRecord } from '../token/binding-record.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import type { BindingKeys } from './registry-key.ts';

/**
 * Holds every key row against its scope, its public half and the record that its token's key signed (I1).
 * What disagrees is left out and named; the others stand.
 */
export function readStoredKeys(
  scopes: readonly Scope[],
  rows: readonly StoredKey[],
  bindingKeys: BindingKeys,
): { keys: readonly SigningKey[]; refused: readonly RefusedKey[] } {
  const byId = new Map(scopes.map((scope) => [scope.id, scope]));
  const keys: SigningKey[] = [];
  const refused: RefusedKey[] = [];
  for (const row of rows) {
    try {
      keys.push(readStoredKey(row, byId.get(row.scopeId), bindingKeys));
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

function readStoredKey(row: StoredKey, scope: Scope | undefined, bindingKeys: BindingKeys): SigningKey {
  const signed = readBindingRecord(row.bindingRecord, bindingKeys.of(row.hsmToken));
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
  return { ...row, binding: signed, publicJwk, publicKey: importPublicKey(publicJwk) };
}

export interface RingLoadingDeps {
  readonly registry: Pick<Registry, 'load'>;
  readonly keyRing: KeyRingKeeper;
  readonly bindingKeys: BindingKeys;
  readonly signer: Pick<Signer, 'serve'>;
}

/**
 * Fills the ring from the registry and has the signer take up the keys. With the HSM away the ring stands all
 * the same: key sets and verification need no HSM, and the signer proves the keys when it is back.
 */
export async function loadRing({ registry, keyRing, bindingKeys, signer }: RingLoadingDeps): Promise<{
  refused: readonly RefusedKey[];
  unfinished: readonly UnfinishedScope[];
}> {
  const { scopes, keys: rows, unfinished } = await registry.load();
  const { keys, refused } = readStoredKeys(scopes, rows, bindingKeys);
  for (const { hsmToken, times } of rows) if (times.tokenCompromised !== null) keyRing.blockToken(hsmToken);
  for (const scope of scopes) {
    keyRing.addScope(
      scope,
      keys.filter((key) => key.scopeId === scope.id),
    );
  }
  keyRing.setRejected(refused);
  try {
    keyRing.applyProofs(await signer.serve(keyRing.references()));
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
  }
  return { refused, unfinished };
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
