import type { Actor } from '../kernel/actor.ts';
import type { Algorithm } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import { move } from '../kernel/key-transitions.ts';
import type { Leadership, Registry, ScopeAdministration, UnfinishedScope } from '../kernel/registry.ts';
import { type Scope, type ScopeDefinition, tokensOfScope, validateScope } from '../kernel/scope.ts';
import type { KeyedMutex } from '../lib/mutex.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import {
  type KeyMakingDeps,
  makeKey,
  newHsmId,
  proveNewKey,
  requireTrustedToken,
  serveProven,
} from './make-key.ts';
import { allTried, withRollback } from './with-rollback.ts';

interface ProvisioningDeps extends KeyMakingDeps {
  readonly registry: Registry;
  readonly keyRing: KeyRingKeeper;
  /** Shared by all that make keys. */
  readonly turns: KeyedMutex;
  readonly leadership: Pick<Leadership, 'isAbandoned'>;
}

interface Provisioner extends Pick<ScopeAdministration, 'create' | 'requirePlaceable'> {
  /**
   * Undoes provisioning that was cut short: what was generated is destroyed, the reservation removed. Answers which
   * scopes these were; fails once all were tried.
   */
  rollBack(actor: Actor): Promise<readonly string[]>;
}

/** One provisioning at a time on each of its tokens: it ends with the signer serving the whole set of keys there. */
export function createProvisioner(deps: ProvisioningDeps): Provisioner {
  return {
    requirePlaceable: (algorithm, hsmTokens) => requirePlaceable(deps, algorithm, hsmTokens),
    async create(definition, actor) {
      validateScope(definition);
      const tokens = tokensOfScope(definition);
      await requirePlaceable(deps, definition.algorithm, tokens);
      await clearLeftovers(deps, definition.id, actor);
      return deps.turns.runExclusiveOfAll(tokens, () => createScope(deps, definition, actor));
    },
    async rollBack(actor) {
      const scopeIds = (await cutShort(deps)).map(({ scopeId }) => scopeId);
      await allTried(scopeIds.map((scopeId) => clearLeftovers(deps, scopeId, actor)));
      return scopeIds;
    },
  };
}

async function createScope(deps: ProvisioningDeps, definition: ScopeDefinition, actor: Actor) {
  const createdAt = deps.clock.nowSeconds();
  const scope: Scope = {
    ...definition,
    createdAt,
    rotationPause: null,
    staleCacheHorizon: null,
    keySetVersion: 1,
  };
  const { hsmToken, standbyToken } = scope;
  const places = [
    { hsmToken, hsmId: newHsmId() },
    { hsmToken: standbyToken ?? hsmToken, hsmId: newHsmId() },
  ] as const;
  await deps.registry.reserveScope(scope, places, actor);
  return await withRollback(
    async () => {
      const made = [
        await makeKey(deps, scope, places[0], 1),
        await makeKey(deps, scope, places[1], 2),
      ] as const;
      const keys = publishedTogether(made, scope, deps.clock.nowSeconds());
      await serveProven(deps, keys);
      const witnessed = await Promise.all(keys.map((key) => proveNewKey(deps, key)));
      await deps.registry.completeScope(scope.id, witnessed, actor);
      return { scope, keys };
    },
    (why) => undo(deps, { scopeId: scope.id, keys: places }, why, actor),
  );
}

/** In the scope's first key set: there is none in which either could be missing. */
function publishedTogether(
  [first, standby]: readonly [SigningKey, SigningKey],
  { policy }: Scope,
  publishedAt: number,
): readonly SigningKey[] {
  const circumstances = { now: publishedAt, policy, graceSeconds: 0, emergency: true };
  return [
    move({ ...first, publishedAt }, 'activate', 'operator', circumstances),
    { ...standby, publishedAt },
  ];
}

async function requirePlaceable(
  { signer, keyRing }: ProvisioningDeps,
  algorithm: Algorithm,
  hsmTokens: readonly string[],
): Promise<void> {
  for (const hsmToken of hsmTokens) {
    requireTrustedToken(keyRing, hsmToken);
    const { algorithms } = await signer.describe(hsmToken);
    if (!algorithms.includes(algorithm)) {
      throw new KeywardError(
        'algorithm_unavailable',
        `the HSM token ${hsmToken} offers no mechanism for ${algorithm}; use one of ${algorithms.join(', ')}`,
      );
    }
  }
}

function inTurn<T>(
  { turns }: ProvisioningDeps,
  { keys }: Pick<UnfinishedScope, 'keys'>,
  work: () => Promise<T>,
): Promise<T> {
  return turns.runExclusiveOfAll(
    keys.map(({ hsmToken }) => hsmToken),
    work,
  );
}

/** A former attempt whose undoing failed, with the HSM away say, is undone before the next. */
async function clearLeftovers(deps: ProvisioningDeps, scopeId: string, actor: Actor): Promise<void> {
  const leftover = async () => (await cutShort(deps)).find((candidate) => candidate.scopeId === scopeId);
  const found = await leftover();
  if (!found) return;
  await inTurn(deps, found, async () => {
    // What was under way then may be complete by now.
    const scope = await leftover();
    if (scope) await undo(deps, scope, 'cut short', actor);
  });
}

async function cutShort({ registry, leadership }: ProvisioningDeps): Promise<readonly UnfinishedScope[]> {
  const unfinished = await registry.unfinishedScopes();
  return unfinished.filter(({ scopeId: id, since }) => leadership.isAbandoned({ kind: 'scope', id, since }));
}

async function undo(
  { signer, registry }: ProvisioningDeps,
  { scopeId, keys }: Pick<UnfinishedScope, 'scopeId' | 'keys'>,
  why: string,
  actor: Actor,
): Promise<void> {
  const unfinished = await registry.unfinishedScopes();
  // Where only the answer was lost, the scope is in use by now.
  if (!unfinished.some((scope) => scope.scopeId === scopeId)) return;
  for (const [hsmToken, there] of Map.groupBy(keys, (key) => key.hsmToken)) {
    await signer.release(
      there.map(({ hsmId }) => hsmId),
      hsmToken,
    );
  }
  for (const key of keys) await signer.discard(key);
  await registry.abandonScope(scopeId, why, actor);
}
