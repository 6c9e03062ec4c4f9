import type { KeyAdministration } from '../kernel/key-administration.ts';
import { mayMove } from '../domain/key-life/move.ts';
import type { KnownKeys } from '../domain/known-keys.ts';
import type { KeySuspender } from '../domain/suspension.ts';

/** For alarms, which may come late: a key that is out of use already is left as it is. */
export function createKeySuspender(
  keys: Pick<KeyAdministration, 'perform'>,
  known: Pick<KnownKeys, 'knownKey'>,
): KeySuspender {
  return {
    async suspend(kid, why, actor) {
      const key = known.knownKey(kid)?.key;
      if (!key || !mayMove(key, 'suspend')) return;
      await keys.perform({ act: 'suspend', kid, why, cause: 'keyward' }, actor);
    },
  };
}
