import type { SigningKey } from '../kernel/key.ts';
import type { RefusedKey } from '../domain/known-keys.ts';
import type { StoredKey } from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import { readBindingRecord } from '../token/binding-record.ts';
import { importPublicKey, readPublicJwk, thumbprint } from '../token/public-jwk.ts';
import type { BindingKeys } from './binding-keys.ts';

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
        why: error instanceof Error ? error.message : String(error),
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
