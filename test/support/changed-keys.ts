import type { SigningKey } from '../../src/kernel/key.ts';
import type { KeyLifecycleChange } from '../../src/kernel/registry.ts';
import type { KeyRingKeeper } from '../../src/keys/key-ring.ts';

type Ring = Pick<KeyRingKeeper, 'put' | 'scopeKeys'>;

/** What the registry has once these keys of a scope are new or others: its key set is of the next version. */
export function putKeys(ring: Ring, scopeId: string, changed: readonly SigningKey[]): void {
  const of = ring.scopeKeys(scopeId);
  if (!of) return;
  const kids = new Set(changed.map(({ kid }) => kid));
  const keys = [...changed, ...of.keys.filter(({ kid }) => !kids.has(kid))];
  ring.put({ scopes: [{ ...of.scope, keySetVersion: of.scope.keySetVersion + 1 }], keys });
}

/** As a registry tells of a commit. */
export function putChanges(ring: Ring, changes: readonly KeyLifecycleChange[]): void {
  for (const [scopeId, of] of Map.groupBy(changes, ({ after }) => after.scopeId)) {
    const known = new Map(ring.scopeKeys(scopeId)?.keys.map((key) => [key.kid, key]));
    const keys = of.flatMap(({ after: { state, signFrom, signUntil, times, keptForForensics, kid } }) => {
      const key = known.get(kid);
      return key ? [{ ...key, state, signFrom, signUntil, times, keptForForensics }] : [];
    });
    putKeys(ring, scopeId, keys);
  }
}
