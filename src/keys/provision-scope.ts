import { randomBytes } from 'node:crypto';
import type { Actor } from '../domain/access.ts';
import { KeywardError } from '../domain/errors.ts';
import type { SigningKey } from '../domain/key.ts';
import type { Registry, ScopeAdministration, UnfinishedScope } from '../domain/registry.ts';
import { type Scope, type ScopeDefinition, validateScope } from '../domain/scope.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { type KeyMakingParts, makeKey } from './make-key.ts';

export interface ProvisioningParts extends KeyMakingParts {
  readonly registry: Registry;
  readonly keyRing: KeyRingKeeper;
}

export interface Provisioner extends ScopeAdministration {
  /** Undoes provisioning that was cut short: what was generated is destroyed, the reservation removed. */
  rollBack(unfinished: readonly UnfinishedScope[], actor: Actor): Promise<void>;
}

/** One provisioning at a time: each ends with the signer serving the whole set of keys. */
export function createProvisioner(parts: ProvisioningParts): Provisioner {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
  return {
    create: (definition, actor) => inTurn(() => createScope(parts, definition, actor)),
    rollBack: (unfinished, actor) =>
      inTurn(async () => {
        for (const { scopeId, hsmIds } of unfinished) await undo(parts, scopeId, hsmIds, 'cut short', actor);
      }),
  };
}

async function createScope(parts: ProvisioningParts, definition: ScopeDefinition, actor: Actor) {
  validateScope(definition);
  await refuseUnavailableAlgorithm(parts, definition);
  const scope: Scope = { ...definition, createdAt: parts.clock.nowSeconds(), keySetVersion: 1 };
  const hsmIds = [newHsmId(), newHsmId()] as const;
  await clearLeftovers(parts, scope.id, actor);
  await parts.registry.reserveScope(scope, hsmIds, actor);
  try {
    const keys = [
      await makeKey(parts, scope, hsmIds[0], 'active'),
      await makeKey(parts, scope, hsmIds[1], 'pre_activation'),
    ];
    await serveWith(parts, keys);
    await parts.registry.completeScope(scope.id, keys, actor);
    parts.keyRing.admit(scope, keys);
    return { scope, keys };
  } catch (error) {
    await undo(parts, scope.id, hsmIds, reasonOf(error), actor).catch((undoing: unknown) => {
      throw withBothCauses(error, undoing);
    });
    throw error;
  }
}

async function refuseUnavailableAlgorithm({ signer }: ProvisioningParts, { algorithm }: ScopeDefinition) {
  const { algorithms } = await signer.describe();
  if (algorithms.includes(algorithm)) return;
  throw new KeywardError(
    'algorithm_unavailable',
    `the HSM token offers no mechanism for ${algorithm}; use one of ${algorithms.join(', ')}`,
  );
}

/** The signer proves the new keys before anybody hears of them (I7). */
async function serveWith({ signer, keyRing }: ProvisioningParts, keys: readonly SigningKey[]): Promise<void> {
  const added = keys.map(({ kid, binding, bindingRecord }) => ({ kid, hsmId: binding.hsmId, bindingRecord }));
  const proofs = await signer.serve([...keyRing.references(), ...added]);
  keyRing.applyProofs(proofs);
  for (const { kid } of keys) {
    const proof = proofs.find((candidate) => candidate.kid === kid);
    if (!proof?.proven) {
      throw new KeywardError('key_unproven', 'the HSM cannot show the new key to be what it must be', {
        cause: proof,
      });
    }
  }
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

function reasonOf(error: unknown): string {
  return error instanceof KeywardError ? error.code : 'internal';
}

/** What is left stays reserved, and is undone at the next attempt or start. */
function withBothCauses(error: unknown, undoing: unknown): KeywardError {
  const cause = new AggregateError([error, undoing], 'provisioning failed, and so did undoing it');
  if (!(error instanceof KeywardError)) return new KeywardError('internal', 'provisioning failed', { cause });
  const { code, message, retryAfterSeconds } = error;
  return new KeywardError(
    code,
    message,
    retryAfterSeconds === undefined ? { cause } : { cause, retryAfterSeconds },
  );
}

/** `CKA_ID` of 16 random bytes, reserved before anything is generated. */
function newHsmId(): string {
  return randomBytes(16).toString('hex');
}
