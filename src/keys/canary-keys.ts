import { isFormerToken, type PublicJwk, requireScope } from '../kernel/key.ts';
import type { InventoryFinding } from '../kernel/key-proof.ts';

import { canaryLabel } from '../kernel/scope.ts';
import type { InventoryObject, Signer } from '../kernel/signer.ts';
import type { KeyedMutex } from '../lib/mutex.ts';
import type { KeyRingKeeper } from './key-ring.ts';
import { newHsmId, requireTrustedToken } from './make-key.ts';

interface CanaryKeyDeps {
  readonly signer: Pick<Signer, 'generate' | 'discard' | 'destroy'>;
  readonly keyRing: Pick<KeyRingKeeper, 'scope' | 'isTokenCompromised'>;
  /** Shared by all that make keys. */
  readonly turns: KeyedMutex;
}

/**
 * A decoy has the algorithm and the attributes of a real scope's keys. Its label looks like theirs, but marks it: the
 * signer neither binds it nor signs with it.
 */
export function createCanaryKeys({ signer, keyRing, turns }: CanaryKeyDeps): CanaryKeys {
  const scopeOf = (scopeId: string) => requireScope(keyRing, scopeId);
  return {
    place(scopeId) {
      const { hsmToken } = scopeOf(scopeId);
      requireTrustedToken(keyRing, hsmToken);
      return { hsmToken, hsmId: newHsmId() };
    },
    make(scopeId, { hsmToken, hsmId }) {
      const scope = scopeOf(scopeId);
      const { algorithm, modulusBits } = scope;
      const asked = { hsmToken, hsmId, label: canaryLabel(hsmId), algorithm, modulusBits };
      return turns.runExclusive(hsmToken, async () => {
        const { kid, publicJwk } = await signer.generate(asked);
        return { kid, publicJwk };
      });
    },
    async destroy({ hsmToken, hsmId, made }: CanaryKey) {
      if (isFormerToken(hsmToken)) return;
      await turns.runExclusive(hsmToken, () =>
        made
          ? signer.destroy({ hsmToken, hsmId, kid: made.kid, bindingRecord: null })
          : signer.discard({ hsmToken, hsmId }),
      );
    },
  };
}

/** A decoy key as it was left. */
export interface PlacedCanaryKey {
  readonly hsmId: string;
  readonly kid: string;
  readonly scopeId: string | null;
  readonly label: string;
}

/**
 * In what a decoy key is not as it was left: gone, another, relabelled, or copied under an id of its own. What was
 * accounted for is taken out of `byId`.
 */
export function canaryFindings(
  { hsmId, kid, scopeId, label }: PlacedCanaryKey,
  byId: Map<string | null, InventoryObject[]>,
): readonly InventoryFinding[] {
  const halves = taken(byId, hsmId);
  const copies = [...byId].filter(([, objects]) => objects.some((object) => object.kid === kid));
  for (const [id] of copies) byId.delete(id);
  const details = [
    ...(['private_key', 'public_key'] as const).flatMap((half) => countFlaw(halves, half)),
    ...halves.flatMap((half) => objectFlaws(half, kid, label)),
    ...copies.map(([id]) => `a copy of it lies under ${id === null ? 'no id' : `the id ${id}`}`),
  ];
  return details.length === 0 ? [] : [{ kind: 'decoy', hsmId, kid, scopeId, details }];
}

function taken(byId: Map<string | null, InventoryObject[]>, hsmId: string): readonly InventoryObject[] {
  const objects = byId.get(hsmId) ?? [];
  byId.delete(hsmId);
  return objects;
}

function countFlaw(halves: readonly InventoryObject[], half: InventoryObject['class']): readonly string[] {
  const count = halves.filter((object) => object.class === half).length;
  const name = half.replace('_key', '');
  if (count === 0) return [`its ${name} half is not there`];
  return count === 1 ? [] : [`${count} ${name} keys have its id`];
}

function objectFlaws(half: InventoryObject, kid: string, label: string): readonly string[] {
  const name = half.class.replace('_key', '');
  const isOther = half.class === 'public_key' && half.kid !== kid;
  return [
    ...(half.label === label ? [] : [`its ${name} half is labelled ${half.label ?? 'with nothing'}`]),
    ...(isOther ? [`its public key is ${half.kid ?? 'none that can be read'}`] : []),
  ];
}

/** Of a decoy key: where it is in the HSM, and what was made there. */
export interface CanaryKey {
  readonly hsmToken: string;
  /** `CKA_ID`, hex; reserved before anything is made. */
  readonly hsmId: string;
  /** Null until the HSM has made it. */
  readonly made: { readonly kid: string; readonly publicJwk: PublicJwk } | null;
}

/** Keys that lie in the HSM as those of a scope do. They have no binding record, so that no signer ever takes one up. */
export interface CanaryKeys {
  /** Where the scope's next key would be made, under an id that nothing has. `unknown_scope`. */
  place(scopeId: string): Pick<CanaryKey, 'hsmToken' | 'hsmId'>;
  /** Under the id that was reserved. As `Signer.generate`. */
  make(scopeId: string, key: CanaryKey): Promise<NonNullable<CanaryKey['made']>>;
  /** Both halves, or what a making that was cut short left. What is gone already is no error. `hsm_unavailable`. */
  destroy(key: CanaryKey): Promise<void>;
}
