import { KeywardError } from '../kernel/errors.ts';
import { canaryLabel, scopeLabel } from '../kernel/scope.ts';
import type { DestroyedKey } from '../kernel/signer.ts';
import { readBindingRecord } from '../token/binding-record.ts';
import { CKA, findKeyPair, ifReadable, ObjectReader, PRIVATE_KEY } from './attributes.ts';
import { KEY_LABEL } from './check-requests.ts';
import type { Cryptoki, Handle } from './cryptoki.ts';
import type { Hsm } from './hsm.ts';
import { kidOf } from './inventory.ts';
import type { LoadedKeys } from './loaded-keys.ts';
import { SERVICE_LABELS } from './protocol.ts';
import type { ServiceKids } from './settings.ts';
import type { SignerState } from './state/signer-state.ts';

const SERVICE_KEYS = [
  ['registryKid', 'the registry key'],
  ['auditKid', 'the audit key'],
  ['bindingKid', 'the binding key'],
] as const satisfies [keyof ServiceKids, string][];

/** What destroying goes by beside the HSM. */
interface Destroying {
  readonly hsm: Hsm;
  readonly loadedKeys: LoadedKeys;
  readonly state: SignerState;
  readonly named: ServiceKids;
}

/**
 * Destroys both halves of a key, the private one first, once the public one is seen to be the key's, and the key one
 * that Keyward made. What is gone already is no error, so that a destruction which was cut short can be finished, or
 * its lost answer asked for again.
 */
export function destroyKey(destroying: Destroying, key: DestroyedKey): Promise<null> {
  const { hsm, loadedKeys, state, named } = destroying;
  const { hsmId, kid } = key;
  for (const [member, name] of SERVICE_KEYS) {
    if (kid === named[member]) refuse(`${name} is never destroyed this way`);
  }
  return hsm.anchor.lend(async ({ handle: session }) => {
    state.lock.take();
    const read = (object: Handle) => new ObjectReader(hsm.cryptoki, session, object);
    const { privateKeys, publicKeys } = findKeyPair(hsm.cryptoki, session, hsmId);
    if (privateKeys.length + publicKeys.length === 0) {
      refuseBlindness(hsm.cryptoki, session);
      loadedKeys.remove(kid);
      state.keys.remove(hsmId);
      return null;
    }
    const [publicKey] = publicKeys;
    if (!publicKey || publicKeys.length > 1 || privateKeys.length > 1) {
      refuse('the HSM does not hold exactly one key under this id');
    }
    if (kidOf(read(publicKey)) !== kid) refuse('the public key under this id is not the one to be destroyed');
    const all = [...privateKeys, publicKey];
    const labels = all.map((half) => labelOf(read(half)));
    if (!labels.every((label) => KEY_LABEL.test(label))) refuse('the object of this id is not one of ours');
    if (!isRemembered(destroying, key, labels)) refuse('the signer did not make this key');
    loadedKeys.remove(kid);
    await loadedKeys.whenIdle(hsmId);
    hsm.epoch.requireNow();
    hsm.newPairs.remove(hsmId);
    destroyAll(hsm.cryptoki, session, all);
    state.keys.remove(hsmId);
    return null;
  });
}

/** By the state of the signer, by the label of a decoy, or by a binding record that its voucher signed. */
function isRemembered(
  { state: { keys }, loadedKeys: { bindingIssuer } }: Destroying,
  { hsmId, kid, bindingRecord }: DestroyedKey,
  labels: readonly string[],
): boolean {
  if (keys.get(hsmId)?.kid === kid) return true;
  if (labels.every((label) => label === canaryLabel(hsmId))) return true;
  if (bindingRecord === null || !bindingIssuer) return false;
  const binding = readBindingRecord(bindingRecord, bindingIssuer);
  const label = scopeLabel({ ...binding, id: binding.scope });
  return binding.kid === kid && binding.hsmId === hsmId && labels.every((made) => made === label);
}

/** Destroys what a generation that was cut short left under an id that this signer reserved for it. */
export function discard(
  { hsm, loadedKeys, state: { lock, keys }, named }: Destroying,
  { hsmId }: { readonly hsmId: string },
): Promise<null> {
  if (loadedKeys.servesId(hsmId)) refuse('the key of this id is in service');
  return hsm.anchor.lend(async ({ handle: session }) => {
    lock.take();
    await loadedKeys.whenIdle(hsmId);
    hsm.epoch.requireNow();
    const halves = findKeyPair(hsm.cryptoki, session, hsmId);
    const all = [...halves.privateKeys, ...halves.publicKeys];
    for (const object of all) refuseForeign(new ObjectReader(hsm.cryptoki, session, object), named);
    if (all.length > 0 && !keys.get(hsmId)) refuse('the signer did not make the object of this id');
    hsm.newPairs.remove(hsmId);
    destroyAll(hsm.cryptoki, session, all);
    keys.remove(hsmId);
    return null;
  });
}

/** A half may have no label yet; with one that we did not write it is somebody else's. */
function refuseForeign(object: ObjectReader, named: ServiceKids): void {
  const label = labelOf(object);
  for (const [member, name] of SERVICE_KEYS) {
    const isNamed = label === SERVICE_LABELS[member] && named[member] !== null;
    if (isNamed) refuse(`${name} is never destroyed this way`);
  }
  const isOurs = KEY_LABEL.test(label) || Object.values<string>(SERVICE_LABELS).includes(label);
  if (label !== '' && !isOurs) refuse('the object of this id is not one of ours');
}

function labelOf(object: ObjectReader): string {
  return ifReadable(() => object.text(CKA.LABEL)) ?? '';
}

/** A token that shows nothing may have lost one key, or all of them to an outage. */
function refuseBlindness(cryptoki: Cryptoki, session: Handle): void {
  if (cryptoki.find(session, [{ type: CKA.CLASS, value: PRIVATE_KEY }]).length > 0) return;
  throw new KeywardError('hsm_unavailable', 'the HSM shows no key at all, so nobody knows which are gone');
}

/** One that does not show its class stands for both halves. */
function destroyAll(cryptoki: Cryptoki, session: Handle, objects: readonly Handle[]): void {
  for (const object of new Set(objects)) cryptoki.destroyObject(session, object);
}

function refuse(why: string): never {
  throw new KeywardError('hsm_refused', why);
}
