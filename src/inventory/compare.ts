import type { SigningKey } from '../kernel/key.ts';
import type { InventoryFinding } from '../kernel/key-proof.ts';
import type { InventoryObject, KeyProof, TokenInspection } from '../kernel/signer.ts';
import { canaryFindings, type PlacedCanaryKey } from '../keys/canary-keys.ts';

/** One of the service's own keys, or a row that was refused: it accounts for what has its public key. */
interface NamedKey {
  readonly kid: string;
  readonly name: string;
}

/** What the registry and the configuration say of one HSM token. */
export interface Accounts {
  /** Keys whose both halves must be there. */
  readonly expected: readonly SigningKey[];
  /** Ids of keys whose halves may be there or not, since their destruction is due. */
  readonly going: ReadonlySet<string>;
  /** Keys whose private half was destroyed. */
  readonly gone: readonly SigningKey[];
  /** Ids that are reserved for keys to be made. */
  readonly reserved: ReadonlyMap<string, string>;
  /** The service's own keys there, which must be. */
  readonly own: readonly NamedKey[];
  /** Decoys, each as it was left. */
  readonly canaries: readonly PlacedCanaryKey[];
  /** Rows that are not used; that is told elsewhere. */
  readonly refusedKids: ReadonlySet<string>;
}

interface KeyPairHandles {
  readonly hsmId: string;
  readonly objects: readonly InventoryObject[];
}

/** Everything in which a token and its accounts differ. Pure. */
export function compareInventory(
  { objects, proofs }: Pick<TokenInspection, 'objects' | 'proofs'>,
  accounts: Accounts,
): readonly InventoryFinding[] {
  const keyObjects = objects.filter((object) => object.class !== 'other');
  const byId = Map.groupBy(keyObjects, ({ hsmId }) => hsmId);
  const proofOf = new Map(proofs.map((proof) => [proof.kid, proof]));
  const expected = accounts.expected.flatMap((key) => {
    const found = byId.get(key.binding.hsmId) ?? [];
    byId.delete(key.binding.hsmId);
    return findingsOf(key, found, proofOf.get(key.kid));
  });
  const own = accounts.own.flatMap((key) => ownFindings(key, byId));
  const canaries = accounts.canaries.flatMap((canary) => canaryFindings(canary, byId));
  const others = [...byId].flatMap(([hsmId, found]) =>
    hsmId === null ? found.map(withoutId) : unaccounted({ hsmId, objects: found }, accounts),
  );
  return [...expected, ...own, ...canaries, ...others];
}

function findingsOf(
  key: SigningKey,
  objects: readonly InventoryObject[],
  proof: KeyProof | undefined,
): readonly InventoryFinding[] {
  const finding = (kind: InventoryFinding['kind'], ...details: string[]): readonly InventoryFinding[] => [
    { kind, hsmId: key.binding.hsmId, kid: key.kid, scopeId: key.scopeId, details },
  ];
  const [privates, publics] = keyPairOf(objects);
  const absent = [...(privates.length === 0 ? ['private'] : []), ...(publics.length === 0 ? ['public'] : [])];
  if (absent.length > 0) return finding('missing', `its ${absent.join(' and its ')} half is not there`);
  if (privates.length + publics.length > 2) {
    return finding('duplicate', `${privates.length} private and ${publics.length} public keys have its id`);
  }
  const [publicKey] = publics;
  if (publicKey?.kid !== key.kid) {
    return finding('public_key_differs', `its public key is ${publicKey?.kid ?? 'none that can be read'}`);
  }
  return proof?.found && !proof.proven ? finding('changed', ...proof.unproven) : [];
}

/** By its public key: ids of the service's own keys are nowhere but in the HSM and in their row. */
function ownFindings({ kid, name }: NamedKey, byId: Map<string | null, InventoryObject[]>) {
  const [hsmId] = [...byId].find(([, objects]) => objects.some((object) => object.kid === kid)) ?? [null];
  const objects = hsmId === null ? [] : (byId.get(hsmId) ?? []);
  if (hsmId !== null) byId.delete(hsmId);
  const [privates, publics] = keyPairOf(objects);
  const finding = (kind: InventoryFinding['kind'], detail: string): readonly InventoryFinding[] => [
    { kind, hsmId, kid, scopeId: null, details: [detail] },
  ];
  if (publics.length === 0) return finding('missing', `the ${name} key is not there`);
  if (privates.length === 0) return finding('missing', `the private half of the ${name} key is not there`);
  if (privates.length + publics.length === 2) return [];
  return finding('duplicate', `${privates.length} private and ${publics.length} public keys have its id`);
}

function unaccounted(halves: KeyPairHandles, accounts: Accounts): readonly InventoryFinding[] {
  const { hsmId, objects } = halves;
  if (accounts.going.has(hsmId)) return [];
  const kid = objects.find((object) => object.kid !== null)?.kid ?? null;
  if (kid !== null && accounts.refusedKids.has(kid)) return [];
  const details = objects.map(named);
  const reservedFor = accounts.reserved.get(hsmId);
  if (reservedFor !== undefined) return [{ kind: 'leftover', hsmId, kid, scopeId: reservedFor, details }];
  const gone = accounts.gone.find(({ binding }) => binding.hsmId === hsmId);
  if (gone) return [{ kind: 'not_destroyed', hsmId, kid: gone.kid, scopeId: gone.scopeId, details }];
  return [{ kind: 'unexpected', hsmId, kid, scopeId: null, details }];
}

function withoutId(object: InventoryObject): InventoryFinding {
  return { kind: 'unexpected', hsmId: null, kid: object.kid, scopeId: null, details: [named(object)] };
}

function keyPairOf(objects: readonly InventoryObject[]) {
  const ofClass = (wanted: InventoryObject['class']) => objects.filter((object) => object.class === wanted);
  return [ofClass('private_key'), ofClass('public_key')] as const;
}

function named({ class: objectClass, label }: InventoryObject): string {
  const kind = objectClass.replace('_', ' ');
  return label === null ? `${kind} without a label` : `${kind} labelled ${label}`;
}
