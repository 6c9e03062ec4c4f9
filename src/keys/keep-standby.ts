import type { Actor } from '../domain/access.ts';
import type { SigningKey } from '../domain/key.ts';
import { lacksStandby } from '../domain/key-life/due-steps.ts';
import type { Registry, ReservedKey } from '../domain/registry.ts';
import type { Scope } from '../domain/scope.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { type KeyMakingParts, makeKey } from './make-key.ts';
import { newHsmId } from './new-hsm-id.ts';
import { orUndo } from './or-undo.ts';
import { serveWith } from './serve-with.ts';
import type { Turns } from './turns.ts';

export interface StandbyParts extends KeyMakingParts {
  readonly registry: Registry;
  readonly keyRing: KeyRingKeeper;
  /** Shared by all that make keys. */
  readonly turns: Turns;
}

export interface StandbyKeeper {
  /**
   * Makes and publishes a standby where none is left to follow; what an earlier attempt left is undone first. Undefined
   * where there is one. `hsm_unavailable`, `key_unproven`, `store_unavailable`.
   */
  provide(scopeId: string, actor: Actor): Promise<SigningKey | undefined>;
}

/** Each step is durable before the next, so that whatever cuts it short, the next attempt goes on from there. */
export function createStandbyKeeper(parts: StandbyParts): StandbyKeeper {
  const { keyRing, turns, clock } = parts;
  return {
    provide: (scopeId, actor) =>
      turns.take(async () => {
        const found = keyRing.scopeKeys(scopeId);
        if (!found || !lacksStandby(found, clock.nowSeconds())) return undefined;
        await clearLeftovers(parts, scopeId, actor);
        return await makeStandby(parts, found.scope, actor);
      }),
  };
}

async function makeStandby(parts: StandbyParts, scope: Scope, actor: Actor): Promise<SigningKey> {
  const { registry, keyRing, clock } = parts;
  const reservation = { scopeId: scope.id, hsmId: newHsmId() };
  await registry.reserveKey(reservation, clock.nowSeconds(), actor);
  return await orUndo(
    async () => {
      const key = await makeKey(parts, scope, reservation.hsmId, 2);
      await serveWith(parts, [key]);
      await registry.completeKey(key, actor);
      keyRing.change(scope.id, [key]);
      return key;
    },
    (why) => undo(parts, reservation, why, actor),
  );
}

async function clearLeftovers(parts: StandbyParts, scopeId: string, actor: Actor): Promise<void> {
  for (const reservation of await parts.registry.reservedKeys()) {
    if (reservation.scopeId === scopeId) await undo(parts, reservation, 'cut short', actor);
  }
}

async function undo(
  { signer, registry, keyRing }: StandbyParts,
  reservation: ReservedKey,
  why: string,
  actor: Actor,
): Promise<void> {
  await signer.serve(keyRing.references());
  await signer.discard(reservation.hsmId);
  await registry.abandonKey(reservation, why, actor);
}
