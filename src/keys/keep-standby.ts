import type { Actor } from '../kernel/actor.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { SigningKey } from '../kernel/key.ts';
import type { Leadership, Registry, ReservedKey } from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import type { KeyedMutex } from '../lib/mutex.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { lacksStandby, standbyPlace } from './lifecycle/due-steps.ts';
import {
  type KeyMakingDeps,
  makeKey,
  newHsmId,
  proveNewKey,
  requireTrustedToken,
  serveProven,
} from './make-key.ts';
import { allTried, withRollback } from './with-rollback.ts';

export interface StandbyDeps extends KeyMakingDeps {
  readonly registry: Registry;
  readonly keyRing: KeyRingKeeper;
  /** By HSM token, shared by all that make keys: one that hangs delays only the work that concerns it. */
  readonly turns: KeyedMutex;
  readonly leadership: Pick<Leadership, 'isAbandoned'>;
}

export interface StandbyKeeper {
  /**
   * Makes and publishes a standby where none is left to follow; what an earlier attempt left is undone first. Undefined
   * where there is one. `hsm_unavailable`, `key_unproven`, `store_unavailable`, `hsm_token_compromised`.
   */
  provide(scopeId: string, actor: Actor): Promise<SigningKey | undefined>;
  /** Undoes what attempts that were cut short left; answers the ids of the keys. Fails once all were tried. */
  rollBack(actor: Actor): Promise<readonly string[]>;
}

/** Each step is durable before the next, so that whatever cuts it short, the next attempt goes on from there. */
export function createStandbyKeeper(deps: StandbyDeps): StandbyKeeper {
  const { keyRing, turns, clock } = deps;
  return {
    async provide(scopeId, actor) {
      const before = keyRing.scopeKeys(scopeId);
      if (!before) return undefined;
      const hsmToken = standbyPlace(before, clock.nowSeconds());
      return turns.runExclusive(hsmToken, async () => {
        const found = keyRing.scopeKeys(scopeId);
        const now = clock.nowSeconds();
        const isWanted = found && standbyPlace(found, now) === hsmToken && lacksStandby(found, now);
        if (!isWanted) return undefined;
        requireTrustedToken(keyRing, hsmToken);
        await clearLeftovers(deps, { scopeId, hsmToken }, actor).catch(unlessRefused);
        return await makeStandby(deps, found.scope, hsmToken, actor);
      });
    },
    async rollBack(actor) {
      const left = await cutShort(deps);
      await allTried(
        left.map((key) => turns.runExclusive(key.hsmToken, () => undo(deps, key, 'cut short', actor))),
      );
      return left.map(({ hsmId }) => hsmId);
    },
  };
}

async function makeStandby(
  deps: StandbyDeps,
  scope: Scope,
  hsmToken: string,
  actor: Actor,
): Promise<SigningKey> {
  const { registry, clock } = deps;
  const reservation = { scopeId: scope.id, hsmToken, hsmId: newHsmId() };
  await registry.reserveKey(reservation, clock.nowSeconds(), actor);
  return await withRollback(
    async () => {
      const key = await makeKey(deps, scope, reservation, 2);
      await serveProven(deps, [key]);
      await registry.completeKey(await proveNewKey(deps, key), actor);
      return key;
    },
    (why) => undo(deps, reservation, why, actor),
  );
}

/** Only on the token that the next key is made on: another may be away, and no reason to wait. */
async function clearLeftovers(
  deps: StandbyDeps,
  { scopeId, hsmToken }: Omit<ReservedKey, 'hsmId'>,
  actor: Actor,
): Promise<void> {
  for (const reservation of await cutShort(deps)) {
    const isHere = reservation.scopeId === scopeId && reservation.hsmToken === hsmToken;
    if (isHere) await undo(deps, reservation, 'cut short', actor);
  }
}

async function cutShort({ registry, leadership }: StandbyDeps): Promise<readonly ReservedKey[]> {
  const reserved = await registry.reservedKeys();
  return reserved.filter(({ hsmId: id, since }) => leadership.isAbandoned({ kind: 'key', id, since }));
}

/** A signer destroys nothing that another made. The scope gets its standby all the same. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof KeywardError) || error.code !== 'hsm_refused') throw error;
}

async function undo(
  { signer, registry }: StandbyDeps,
  reservation: ReservedKey,
  why: string,
  actor: Actor,
): Promise<void> {
  const reserved = await registry.reservedKeys();
  // Where only the answer was lost, the key is in use by now.
  if (!reserved.some(({ hsmId }) => hsmId === reservation.hsmId)) return;
  await signer.release([reservation.hsmId], reservation.hsmToken);
  await signer.discard(reservation);
  await registry.abandonKey(reservation, why, actor);
}
