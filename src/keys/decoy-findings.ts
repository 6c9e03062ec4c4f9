import type { InventoryFinding } from '../kernel/inventory.ts';
import type { InventoryObject } from '../kernel/signer.ts';

/** A decoy key as it was left. */
export interface Decoy {
  readonly hsmId: string;
  readonly kid: string;
  readonly scopeId: string | null;
  readonly label: string;
}

/**
 * In what a decoy key is not as it was left: gone, another, relabelled, or copied under an id of its own. What was
 * accounted for is taken out of `byId`.
 */
export function decoyFindings(
  { hsmId, kid, scopeId, label }: Decoy,
  byId: Map<string | null, InventoryObject[]>,
): readonly InventoryFinding[] {
  const halves = taken(byId, hsmId);
  const copies = [...byId].filter(([, objects]) => objects.some((object) => object.kid === kid));
  for (const [id] of copies) byId.delete(id);
  const details = [
    ...(['private_key', 'public_key'] as const).flatMap((half) => countFlaw(halves, half)),
    ...halves.flatMap((half) => halfFlaws(half, kid, label)),
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

function halfFlaws(half: InventoryObject, kid: string, label: string): readonly string[] {
  const name = half.class.replace('_key', '');
  const isOther = half.class === 'public_key' && half.kid !== kid;
  return [
    ...(half.label === label ? [] : [`its ${name} half is labelled ${half.label ?? 'with nothing'}`]),
    ...(isOther ? [`its public key is ${half.kid ?? 'none that can be read'}`] : []),
  ];
}
