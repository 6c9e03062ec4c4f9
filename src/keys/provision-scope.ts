import type { Actor } from '../kernel/actor.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import { move } from '../kernel/key-transitions.ts';
import type { Leadership, Registry, ScopeAdministration, UnfinishedScope } from '../kernel/registry.ts';
import { type Scope, type ScopeDefinition, validateScope } from '../kernel/scope.ts';
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
import { withRollback } from './with-rollback.ts';

interface ProvisioningDeps extends KeyMakingDeps {
  readonly registry: Registry;
  readonly keyRing: KeyRingKeeper;
  /** Shared by all that make keys. */
  readonly turns: KeyedMutex;
  readonly leadership: Pick<Leadership, 'isAbandoned'>;
}

interface Provisioner extends Pick<ScopeAdministration, 'create' | 'requirePlaceable'> {
  /** Undoes provisioning that was cut short: what was generated is destroyed, the reservation removed. */
  rollBack(unfinished: readonly UnfinishedScope[], actor: Actor): Promise<void>;
  cutShort(): Promise<readonly UnfinishedScope[]>;
}

/** One provisioning at a time on each token: it ends with the signer serving the whole set of keys there. */
export function createProvisioner(deps: ProvisioningDeps): Provisioner {
  return {
    requirePlaceable: (definition) => requirePlaceable(deps, definition),
    async create(definition, actor) {
      validateScope(definition);
      await requirePlaceable(deps, definition);
      await clearLeftovers(deps, definition.id, actor);
      return deps.turns.runExclusive(definition.hsmToken, () => createScope(deps, definition, actor));
    },
    cutShort: () => cutShort(deps),
    async rollBack(unfinished, actor) {
      const undone = unfinished.map((scope) =>
        deps.turns.runExclusive(scope.hsmToken, () => undo(deps, scope, 'cut short', actor)),
      );
      const failure = (await Promise.allSettled(undone)).find(({ status }) => status === 'rejected');
      if (failure?.status === 'rejected') throw failure.reason;
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
  const hsmIds = [newHsmId(), newHsmId()] as const;
  await deps.registry.reserveScope(scope, hsmIds, actor);
  return await withRollback(
    async () => {
      const made = [
        await makeKey(deps, scope, hsmIds[0], 1),
        await makeKey(deps, scope, hsmIds[1], 2),
      ] as const;
      const keys = publishedTogether(made, scope, deps.clock.nowSeconds());
      await serveProven(deps, scope.hsmToken, keys);
      const witnessed = await Promise.all(keys.map((key) => proveNewKey(deps, key)));
      await deps.registry.completeScope(scope.id, witnessed, actor);
      return { scope, keys };
    },
    (why) => undo(deps, { scopeId: scope.id, hsmToken: scope.hsmToken, hsmIds }, why, actor),
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
  { algorithm, hsmToken }: Pick<ScopeDefinition, 'algorithm' | 'hsmToken'>,
): Promise<void> {
  requireTrustedToken(keyRing, hsmToken);
  const { algorithms } = await signer.describe(hsmToken);
  if (algorithms.includes(algorithm)) return;
  throw new KeywardError(
    'algorithm_unavailable',
    `the HSM token ${hsmToken} offers no mechanism for ${algorithm}; use one of ${algorithms.join(', ')}`,
  );
}

/** A former attempt whose undoing failed, with the HSM away say, is undone before the next. */
async function clearLeftovers(deps: ProvisioningDeps, scopeId: string, actor: Actor): Promise<void> {
  const leftover = async () => (await cutShort(deps)).find((candidate) => candidate.scopeId === scopeId);
  const found = await leftover();
  if (!found) return;
  await deps.turns.runExclusive(found.hsmToken, async () => {
    // What was under way then may be complete by now.
    const scope = await leftover();
    if (scope) await undo(deps, scope, 'cut short', actor);
  });
}

async function cutShort({ registry, leadership }: ProvisioningDeps): Promise<readonly UnfinishedScope[]> {
  const unfinished = await registry.unfinishedScopes();
  return unfinished.filter(({ scopeId }) => leadership.isAbandoned({ kind: 'scope', id: scopeId }));
}

async function undo(
  { signer, registry }: ProvisioningDeps,
  { scopeId, hsmToken, hsmIds }: UnfinishedScope,
  why: string,
  actor: Actor,
): Promise<void> {
  const unfinished = await registry.unfinishedScopes();
  // Where only the answer was lost, the scope is in use by now.
  if (!unfinished.some((scope) => scope.scopeId === scopeId)) return;
  await signer.release(hsmIds, hsmToken);
  for (const hsmId of hsmIds) await signer.discard({ hsmToken, hsmId });
  await registry.abandonScope(scopeId, why, actor);
}
