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
import type { KeyProof, PlacedKey } from '../kernel/signer.ts';
import { Emitter } from '../lib/emitter.ts';
import { compareText } from '../lib/text.ts';
import type { ScopeKeys, TokenStandings } from './lifecycle/plans.ts';
import { isToBeMarked } from './lifecycle/token-compromise.ts';

/** What the registry has of some scopes: each as it is now, with all keys of it. */
interface RingContent {
  readonly scopes: readonly Scope[];
  readonly keys: readonly SigningKey[];
  /** Key rows that were left out. */
  readonly refused?: readonly RefusedKey[];
  /** Of an HSM token that is compromised nothing is accepted: not of a key either that its declaration left out. */
  readonly blocked?: readonly string[];
}

/** The writable side of the ring: scopes and keys as the registry has them, and what their HSM tokens show of them. */
export interface KeyRingKeeper extends WatchedKeyRing, KnownKeys, TokenStandings {
  /** In place of what was known of these scopes. All of it is in force before anybody is told. */
  put(content: RingContent): void;
  /** Takes a key that was found and not proven out of every answer, and puts a proven one back. */
  applyProofs(proofs: readonly KeyProof[]): void;
  /** Which of a token's keys a process did not find that had just opened it: the whole list, each time it changes. */
  reportMissing(hsmToken: string, kids: readonly string[]): void;
  /** The token signs nothing, from the first report on until it is said to be there. */
  reportAway(hsmToken: string): void;
  reportPresent(hsmToken: string): void;
  /**
   * The scope as a plan for its keys finds it: all of them, those too that are destroyed or not proven. The same object
   * for as long as nothing but the time has changed.
   */
  scopeKeys(scopeId: string): ScopeKeys | undefined;
  /** Every key that the signer should serve, proven or not: a proof may turn out well the next time. */
  references(): readonly PlacedKey[];
}

/** A suspended key never signs again, whatever comes of it. */
const SIGNER_STATES: ReadonlySet<KeyState> = new Set(['active', 'pre_activation']);

/** `nowMs` is monotonic: what is away for ten seconds is so whatever the clock says. */
export function createKeyRing(nowMs = () => performance.now()): KeyRingKeeper {
  const changes = new Emitter<string>();
  const scopes = new Map<string, Scope>();
  const byScope = new Map<string, readonly SigningKey[]>();
  const byKid = new Map<string, SigningKey>();
  /** The last that said something: an outage is not the last word on a key that failed. */
  const proofs = new Map<string, KeyProof>();
  /** By HSM token. */
  const missing = new Map<string, ReadonlySet<string>>();
  /** By HSM token, since when. */
  const away = new Map<string, number>();
  const blocked = new Set<string>();
  /** By scope. */
  const refused = new Map<string, readonly RefusedKey[]>();
  // What the hot path asks for; made anew with each change, which is rare.
  const serving = new Map<string, { keys: readonly SigningKey[]; active: SigningKey | undefined }>();
  // What the lifecycle asks for every second; kept until something changes.
  const forPlans = new Map<string, ScopeKeys>();
  let placed: readonly PlacedKey[] | undefined;
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
  const settle = (scopeIds: Iterable<string>) => {
    const settled = new Set(scopeIds);
    placed = undefined;
    for (const scopeId of settled) {
      forPlans.delete(scopeId);
      const keys = standing(scopeId).filter((key) => !barred(key));
      serving.set(scopeId, { keys, active: keys.find((key) => key.state === 'active') });
      revision += 1;
    }
    changes.emitAll(settled);
  };

  const standings: TokenStandings = {
    awaySeconds: (hsmToken) => {
      const since = away.get(hsmToken);
      // More than none from the first moment on.
      return since === undefined ? 0 : Math.max(nowMs() - since, 1) / 1_000;
    },
    isTokenCompromised: (hsmToken) => blocked.has(hsmToken),
  };

  return {
    ...standings,
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
    refusedKeys: () => [...refused.values()].flat(),
    references() {
      placed ??= [...byKid.values()]
        .filter((key) => SIGNER_STATES.has(key.state) && !leftOut(key))
        .map(referenceTo);
      return placed;
    },

    scopeKeys(scopeId) {
      const found = forPlans.get(scopeId);
      const scope = scopes.get(scopeId);
      if (found || !scope) return found;
      const of = {
        ...standings,
        scope,
        keys: byScope.get(scopeId) ?? [],
        serves: (key: SigningKey) => !barred(key) && isThere(key),
        proofOf,
      };
      forPlans.set(scopeId, of);
      return of;
    },

    reportMissing(hsmToken, kids) {
      missing.set(hsmToken, new Set(kids));
      forPlans.clear();
    },

    reportAway(hsmToken) {
      if (away.has(hsmToken)) return;
      away.set(hsmToken, nowMs());
      forPlans.clear();
    },

    reportPresent(hsmToken) {
      if (away.delete(hsmToken)) forPlans.clear();
    },

    put(content) {
      const before = blocked.size;
      for (const hsmToken of compromisedTokens(content.keys)) blocked.add(hsmToken);
      for (const hsmToken of content.blocked ?? []) blocked.add(hsmToken);
      const keys = Map.groupBy(content.keys, ({ scopeId }) => scopeId);
      const rejected = Map.groupBy(content.refused ?? [], ({ scopeId }) => scopeId);
      for (const scope of content.scopes) {
        for (const { kid } of byScope.get(scope.id) ?? []) byKid.delete(kid);
        scopes.set(scope.id, scope);
        byScope.set(scope.id, (keys.get(scope.id) ?? []).toSorted(newestFirst));
        refused.delete(scope.id);
      }
      for (const [scopeId, rows] of rejected) refused.set(scopeId, rows);
      for (const key of content.keys) byKid.set(key.kid, key);
      settle(blocked.size > before ? scopes.keys() : content.scopes.map(({ id }) => id));
    },

    applyProofs(latest) {
      for (const proof of latest) {
        if (proof.proven || proof.found || !failed(proof.kid)) proofs.set(proof.kid, proof);
      }
      settle(latest.flatMap(({ kid }) => byKid.get(kid)?.scopeId ?? []));
    },
  };
}

export function compromisedTokens(keys: readonly Pick<SigningKey, 'hsmToken' | 'times'>[]): string[] {
  return keys.flatMap(({ hsmToken, times }) => (times.tokenCompromised === null ? [] : [hsmToken]));
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
