import type { Actor } from '../domain/access.ts';
import { KeywardError } from '../domain/errors.ts';
import type { SigningKey } from '../domain/key.ts';
import { move } from '../domain/key-life/move.ts';
import type { Registry, ScopeAdministration, UnfinishedScope } from '../domain/registry.ts';
import { type Scope, type ScopeDefinition, validateScope } from '../domain/scope.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { type KeyMakingParts, makeKey } from './make-key.ts';
import { newHsmId } from './new-hsm-id.ts';
import { orUndo } from './or-undo.ts';
import { serveWith } from './serve-with.ts';
import type { Turns } from './turns.ts';

export interface ProvisioningParts extends KeyMakingParts {
  readonly registry: Registry;
  readonly keyRing: KeyRingKeeper;
  /** Shared by all that make keys. */
  readonly turns: Turns;
}

export interface Provisioner extends Pick<ScopeAdministration, 'create'> {
  /** Undoes provisioning that was cut short: what was generated is destroyed, the reservation removed. */
  rollBack(unfinished: readonly UnfinishedScope[], actor: Actor): Promise<void>;
}

/** One provisioning at a time: each ends with the signer serving the whole set of keys. */
export function createProvisioner(parts: ProvisioningParts): Provisioner {
  return {
    create: (definition, actor) => parts.turns.take(() => createScope(parts, definition, actor)),
    rollBack: (unfinished, actor) =>
      parts.turns.take(async () => {
        for (const { scopeId, hsmIds } of unfinished) await undo(parts, scopeId, hsmIds, 'cut short', actor);
      }),
  };
}

async function createScope(parts: ProvisioningParts, definition: ScopeDefinition, actor: Actor) {
  validateScope(definition);
  await refuseUnavailableAlgorithm(parts, definition);
  const createdAt = parts.clock.nowSeconds();
  const scope: Scope = { ...definition, createdAt, rotationPause: null, keySetVersion: 1 };
  const hsmIds = [newHsmId(), newHsmId()] as const;
  await clearLeftovers(parts, scope.id, actor);
  await parts.registry.reserveScope(scope, hsmIds, actor);
  return await orUndo(
    async () => {
      const made = [
        await makeKey(parts, scope, hsmIds[0], 1),
        await makeKey(parts, scope, hsmIds[1], 2),
      ] as const;
      const keys = publishedTogether(made, scope, parts.clock.nowSeconds());
      await serveWith(parts, keys);
      await parts.registry.completeScope(scope.id, keys, actor);
      parts.keyRing.admit(scope, keys);
      return { scope, keys };
    },
    (why) => undo(parts, scope.id, hsmIds, why, actor),
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

async function refuseUnavailableAlgorithm({ signer }: ProvisioningParts, { algorithm }: ScopeDefinition) {
  const { algorithms } = await signer.describe();
  if (algorithms.includes(algorithm)) return;
  throw new KeywardError(
    'algorithm_unavailable',
    `the HSM token offers no mechanism for ${algorithm}; use one of ${algorithms.join(', ')}`,
  );
}

/** A former attempt whose undoing failed, with the HSM away say, is undone before the next. */
async function clearLeftovers(parts: ProvisioningParts, scopeId: string, actor: Actor): Promise<void> {
  const { unfinished } = await parts.registry.load();
  const leftover = unfinished.find((candidate) => candidate.scopeId === scopeId);
  if (leftover) await undo(parts, scopeId, leftover.hsmIds, 'cut short', actor);
}

async function undo(
  { signer, registry, keyRing }: ProvisioningParts,
  scopeId: string,
  hsmIds: readonly string[],
  why: string,
  actor: Actor,
): Promise<void> {
  await signer.serve(keyRing.references());
  for (const hsmId of hsmIds) await signer.discard(hsmId);
  await registry.abandonScope(scopeId, why, actor);
}
