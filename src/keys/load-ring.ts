import { KeywardError } from '../kernel/errors.ts';
import type { RefusedKey } from '../domain/known-keys.ts';
import type { Registry, UnfinishedScope } from '../kernel/registry.ts';
import type { Signer } from '../kernel/signer.ts';
import type { BindingKeys } from './binding-keys.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { readStoredKeys } from './read-stored-keys.ts';

export interface RingLoadingParts {
  readonly registry: Pick<Registry, 'load'>;
  readonly keyRing: KeyRingKeeper;
  readonly bindingKeys: BindingKeys;
  readonly signer: Pick<Signer, 'serve'>;
}

/**
 * Fills the ring from the registry and has the signer take up the keys. With the HSM away the ring stands all
 * the same: key sets and verification need no HSM, and the signer proves the keys when it is back.
 */
export async function loadRing({ registry, keyRing, bindingKeys, signer }: RingLoadingParts): Promise<{
  refused: readonly RefusedKey[];
  unfinished: readonly UnfinishedScope[];
}> {
  const { scopes, keys: rows, unfinished } = await registry.load();
  const { keys, refused } = readStoredKeys(scopes, rows, bindingKeys);
  for (const { hsmToken, times } of rows) if (times.tokenCompromised !== null) keyRing.blockToken(hsmToken);
  for (const scope of scopes) {
    keyRing.addScope(
      scope,
      keys.filter((key) => key.scopeId === scope.id),
    );
  }
  keyRing.setRejected(refused);
  try {
    keyRing.applyProofs(await signer.serve(keyRing.references()));
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
  }
  return { refused, unfinished };
}
