import { KeywardError } from '../kernel/errors.ts';
import type {
  KeyState,
  KnownKey,
  KnownKeys,
  ProofStatus,
  RefusedKey,
  SigningKey,
  WatchedKeyRing,
} from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';
import { changesKeySet } from '../kernel/scope-change.ts';
import type { KeyProof, PlacedKey } from '../kernel/signer.ts';
import { Emitter } from '../lib/emitter.ts';
import { compareText } from '../lib/text.ts';
import type { ScopeKeys } from './lifecycle/plans.ts';
import { isToBeMarked } from './lifecycle/token-compromise.ts';

type ScopeUpdate = Pick<Scope, 'policy' | 'contacts' | 'hsmToken' | 'rotationPause' | 'staleCacheHorizon'>;

/** The writable side of the ring: only the code that changes scopes and keys holds it. */
export interface KeyRingKeeper extends WatchedKeyRing, KnownKeys {
  addScope(scope: Scope, keys: readonly SigningKey[]): void;
  /** Takes over what has changed of a scope that is there, whatever its keys have become meanwhile. */
  updateScope(scope: Pick<Scope, 'id'> & Partial<ScopeUpdate>): Scope;
  /** New keys of the scope, and what others have become; its key set is of the next version. */
  change(scopeId: string, keys: readonly SigningKey[]): void;
  /** Of an HSM token that is compromised nothing is accepted: not of a key either that its declaration left out. */
  blockToken(hsmToken: string): void;
  /** Remembers which key rows were left out, in place of those it remembered before. */
  setRejected(keys: readonly RefusedKey[]): void;
  /** Takes a key that was found and not proven out of every answer, and puts a proven one back. */
  applyProofs(proofs: readonly KeyProof[]): void;
  /** Which of a token's keys a process did not find that had just opened it: the whole list, each time it changes. */
  reportMissing(hsmToken: string, kids: readonly string[]): void;
  /** The scope as a plan for its keys finds it: all of them, those too that are destroyed or not proven. */
  scopeKeys(scopeId: string): ScopeKeys | undefined;
  /** Every key that the signer should serve, proven or not: a proof may turn out well the next time. */
  references(): readonly PlacedKey[];
}

/** A suspended key never signs again, whatever comes of it. */
const SIGNER_STATES: ReadonlySet<KeyState> = new Set(['active', 'pre_activation']);

export function createKeyRing(): KeyRingKeeper {
  const changes = new Emitter<string>();
  const scopes = new Map<string, Scope>();
  const byScope = new Map<string, readonly SigningKey[]>();
  const byKid = new Map<string, SigningKey>();
  /** The last that said something: an outage is not the last word on a key that failed. */
  const proofs = new Map<string, KeyProof>();
  /** By HSM token. */
  const missing = new Map<string, ReadonlySet<string>>();
  const blocked = new Set<string>();
  let refused: readonly RefusedKey[] = [];
  // What the hot path asks for; made anew with each change, which is rare.
  const serving = new Map<string, { keys: readonly SigningKey[]; active: SigningKey | undefined }>();
  let revision = 0;

  const failed = (kid: string) => statusOf(proofs.get(kid)) === 'unproven';
  const leftOut = (key: SigningKey) => blocked.has(key.hsmToken) && isToBeMarked(key);
  const barred = (key: SigningKey) => failed(key.kid) || leftOut(key);
  /** A process may be blind to a key for a moment: only a fresh one is believed that it is missing. */
  const proofOf = ({ kid, hsmToken }: SigningKey): ProofStatus => {
    if (missing.get(hsmToken)?.has(kid)) return 'missing';
    const status = statusOf(proofs.get(kid));
    return status === 'missing' ? 'unchecked' : status;
  };
  const isThere = ({ kid, hsmToken }: SigningKey) =>
    statusOf(proofs.get(kid)) !== 'missing' && !missing.get(hsmToken)?.has(kid);
  const standing = (scopeId: string) =>
    (byScope.get(scopeId) ?? []).filter(({ state }) => state !== 'destroyed');
  const settle = (scopeId: string) => {
    const keys = standing(scopeId).filter((key) => !barred(key));
    serving.set(scopeId, { keys, active: keys.find((key) => key.state === 'active') });
    revision += 1;
    changes.emit(scopeId);
  };

  const add = (scope: Scope, keys: readonly SigningKey[]) => {
    scopes.set(scope.id, scope);
    byScope.set(scope.id, keys.toSorted(newestFirst));
    for (const key of keys) {
      byKid.set(key.kid, key);
      if (key.times.tokenCompromised !== null) blocked.add(key.hsmToken);
    }
    settle(scope.id);
  };

  return {
    changes,
    get revision() {
      return revision;
    },
    scope: (id) => scopes.get(id),
    scopes: () => [...scopes.values()],
    activeKey: (scopeId) => serving.get(scopeId)?.active,
    keysOf: (scopeId) => serving.get(scopeId)?.keys ?? [],
    keyNamed(kid) {
      const key = byKid.get(kid);
      return key && !barred(key) ? key : undefined;
    },
    knownKeysOf: (scopeId) => standing(scopeId).map((key) => known(key, proofs.get(key.kid))),
    knownKey(kid) {
      const key = byKid.get(kid);
      return key && known(key, proofs.get(kid));
    },
    refusedKeys: () => refused,
    references: () =>
      [...byKid.values()].filter((key) => SIGNER_STATES.has(key.state) && !leftOut(key)).map(referenceTo),

    scopeKeys(scopeId) {
      const scope = scopes.get(scopeId);
      return (
        scope && {
          scope,
          keys: byScope.get(scopeId) ?? [],
          serves: (key) => !barred(key) && isThere(key),
          proofOf,
        }
      );
    },

    reportMissing(hsmToken, kids) {
      missing.set(hsmToken, new Set(kids));
    },

    addScope: add,

    updateScope({ id, ...changes }) {
      const scope = scopes.get(id);
      if (!scope) throw new KeywardError('unknown_scope', 'there is no scope of this id');
      const changed = { ...scope, ...changes };
      const updated = {
        ...changed,
        keySetVersion: scope.keySetVersion + (changesKeySet(scope, changed) ? 1 : 0),
      };
      add(updated, byScope.get(id) ?? []);
      return updated;
    },

    change(scopeId, keys) {
      const scope = scopes.get(scopeId);
      if (!scope) return;
      const changed = new Set(keys.map(({ kid }) => kid));
      const others = (byScope.get(scopeId) ?? []).filter(({ kid }) => !changed.has(kid));
      add({ ...scope, keySetVersion: scope.keySetVersion + 1 }, [...keys, ...others]);
    },

    blockToken(hsmToken) {
      blocked.add(hsmToken);
      for (const scopeId of scopes.keys()) settle(scopeId);
    },

    setRejected(keys) {
      refused = keys;
    },

    applyProofs(latest) {
      for (const proof of latest) {
        if (proof.proven || proof.found || !failed(proof.kid)) proofs.set(proof.kid, proof);
        const scopeId = byKid.get(proof.kid)?.scopeId;
        if (scopeId !== undefined) settle(scopeId);
      }
    },
  };
}

function statusOf(proof: KeyProof | undefined): ProofStatus {
  if (!proof) return 'unchecked';
  if (proof.proven) return 'proven';
  return proof.found ? 'unproven' : 'missing';
}

function known(key: SigningKey, proof: KeyProof | undefined): KnownKey {
  return { key, proof: { status: statusOf(proof), reasons: proof?.unproven ?? [] } };
}

/** Always the same order, so that the key set and its entity tag are the same after a restart. */
function newestFirst(a: SigningKey, b: SigningKey): number {
  return b.createdAt - a.createdAt || compareText(a.kid, b.kid);
}

/** As the signer is told of it. */
export function referenceTo({ kid, binding, bindingRecord, hsmToken }: SigningKey): PlacedKey {
  return { kid, hsmId: binding.hsmId, bindingRecord, hsmToken };
}
