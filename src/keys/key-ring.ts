import type { SigningKey } from '../domain/key.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Scope } from '../domain/scope.ts';
import type { KeyProof, KeyReference } from '../domain/signer.ts';

/** The writable side of the ring: only the code that changes scopes and keys holds it. */
export interface KeyRingKeeper extends KeyRing {
  admit(scope: Scope, keys: readonly SigningKey[]): void;
  /** New keys of the scope, and what others have become; its key set is of the next version. */
  change(scopeId: string, keys: readonly SigningKey[]): void;
  /** Takes a key that was found and not proven out of every answer, and puts a proven one back. */
  applyProofs(proofs: readonly KeyProof[]): void;
  /** Every key that the signer should serve, proven or not: a proof may turn out well the next time. */
  references(): readonly KeyReference[];
  /** The proofs that failed. */
  refuted(): readonly KeyProof[];
  /** The keys of a scope with those that failed their proof. */
  knownKeysOf(scopeId: string): readonly SigningKey[];
}

const SIGNER_STATES = new Set(['active', 'pre_activation', 'suspended']);

export function createKeyRing(): KeyRingKeeper {
  const scopes = new Map<string, Scope>();
  const byScope = new Map<string, readonly SigningKey[]>();
  const byKid = new Map<string, SigningKey>();
  const failed = new Map<string, KeyProof>();
  // What the hot path asks for; made anew with each change, which is rare.
  const serving = new Map<string, { keys: readonly SigningKey[]; active: SigningKey | undefined }>();
  let revision = 0;

  const settle = (scopeId: string) => {
    const keys = (byScope.get(scopeId) ?? []).filter(
      (key) => !failed.has(key.kid) && key.state !== 'destroyed',
    );
    serving.set(scopeId, { keys, active: keys.find((key) => key.state === 'active') });
    revision += 1;
  };

  const admit = (scope: Scope, keys: readonly SigningKey[]) => {
    scopes.set(scope.id, scope);
    byScope.set(scope.id, keys.toSorted(newestFirst));
    for (const key of keys) byKid.set(key.kid, key);
    settle(scope.id);
  };

  return {
    get revision() {
      return revision;
    },
    scope: (id) => scopes.get(id),
    scopes: () => [...scopes.values()],
    activeKey: (scopeId) => serving.get(scopeId)?.active,
    keysOf: (scopeId) => serving.get(scopeId)?.keys ?? [],
    keyNamed: (kid) => (failed.has(kid) ? undefined : byKid.get(kid)),
    refuted: () => [...failed.values()],
    knownKeysOf: (scopeId) => byScope.get(scopeId) ?? [],
    references: () =>
      [...byKid.values()]
        .filter((key) => SIGNER_STATES.has(key.state))
        .map(({ kid, binding, bindingRecord }) => ({ kid, hsmId: binding.hsmId, bindingRecord })),

    admit,

    change(scopeId, keys) {
      const scope = scopes.get(scopeId);
      if (!scope) return;
      const changed = new Set(keys.map(({ kid }) => kid));
      const others = (byScope.get(scopeId) ?? []).filter(({ kid }) => !changed.has(kid));
      admit({ ...scope, keySetVersion: scope.keySetVersion + 1 }, [...keys, ...others]);
    },

    applyProofs(proofs) {
      for (const proof of proofs) {
        if (proof.proven) failed.delete(proof.kid);
        else if (proof.found) failed.set(proof.kid, proof);
        const scopeId = byKid.get(proof.kid)?.scopeId;
        if (scopeId !== undefined) settle(scopeId);
      }
    },
  };
}

/** Always the same order, so that the key set and its entity tag are the same after a restart. */
function newestFirst(a: SigningKey, b: SigningKey): number {
  return b.createdAt - a.createdAt || (a.kid < b.kid ? -1 : 1);
}
