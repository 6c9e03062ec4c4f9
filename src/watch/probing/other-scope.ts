import { DRILL_ISSUER } from '../../domain/drill-issuer.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { UnsentProbe } from '../../kernel/verifier-probe.ts';

type Keys = Pick<KeyRing, 'scope' | 'scopes' | 'activeKey'>;

/**
 * The drill scope whose token a verifier of that scope is sent, or why there is none: no scope that serves anybody
 * lends its own. Of the same algorithm if there is one, since that hides no leniency behind another refusal.
 */
export function otherScope(
  keyRing: Keys,
  probed: string,
): { readonly scopeId: string } | { readonly why: string } {
  const scopes = keyRing.scopes().filter(({ id, issuer }) => issuer === DRILL_ISSUER && id !== probed);
  const able = scopes.filter(({ id }) => keyRing.activeKey(id) !== undefined);
  const algorithm = keyRing.scope(probed)?.algorithm;
  const found = able.find((scope) => scope.algorithm === algorithm) ?? able[0];
  if (found) return { scopeId: found.id };
  return {
    why:
      scopes.length === 0
        ? `no drill scope; create a scope whose issuer is ${DRILL_ISSUER}`
        : 'no drill scope has a key that signs',
  };
}

/** What rounds leave out as things are. */
export function unsentProbes(keyRing: Keys, probed: string): readonly UnsentProbe[] {
  const other = otherScope(keyRing, probed);
  return 'why' in other ? [{ probe: 'other_scope', why: other.why }] : [];
}
