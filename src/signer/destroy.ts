import { KeywardError } from '../domain/errors.ts';
import { CKA, ifReadable, ObjectReader } from './attributes.ts';
import type { Cryptoki, Handle } from './cryptoki.ts';
import type { Hsm } from './hsm.ts';
import { kidOf } from './inventory.ts';
import type { KeyShelf } from './key-shelf.ts';
import { findHalves, PRIVATE_KEY } from './objects.ts';
import { SERVICE_LABELS, type ServiceKids } from './protocol.ts';

const OURS = 'kw1.';

const SERVICE_KEYS = [
  ['registryKid', 'the registry key'],
  ['auditKid', 'the audit key'],
  ['bindingKid', 'the binding key'],
] as const satisfies [keyof ServiceKids, string][];

/**
 * Destroys both halves of a key, the private one first, once the public one is seen to be the key's. What is gone
 * already is no error, so that a destruction which was cut short can be finished, or its lost answer asked for again.
 */
export function destroyKey(
  hsm: Hsm,
  shelf: KeyShelf,
  named: ServiceKids,
  { hsmId, kid }: { readonly hsmId: string; readonly kid: string },
): Promise<null> {
  for (const [member, name] of SERVICE_KEYS) {
    if (kid === named[member]) refuse(`${name} is never destroyed this way`);
  }
  return hsm.anchor.lend(({ handle: session }) => {
    const { privateKeys, publicKeys } = findHalves(hsm.cryptoki, session, hsmId);
    if (privateKeys.length + publicKeys.length === 0) {
      refuseBlindness(hsm.cryptoki, session);
      shelf.remove(kid);
      return null;
    }
    const [publicKey] = publicKeys;
    if (!publicKey || publicKeys.length > 1 || privateKeys.length > 1) {
      refuse('the HSM does not hold exactly one key under this id');
    }
    if (kidOf(new ObjectReader(hsm.cryptoki, session, publicKey)) !== kid) {
      refuse('the public key under this id is not the one to be destroyed');
    }
    shelf.remove(kid);
    return destroyAll(hsm.cryptoki, session, [...privateKeys, publicKey]);
  });
}

/** Destroys what a generation that was cut short left under a reserved id, whatever is there of it. */
export function discard(
  hsm: Hsm,
  shelf: KeyShelf,
  named: ServiceKids,
  { hsmId }: { readonly hsmId: string },
): Promise<null> {
  if (shelf.servesId(hsmId)) refuse('the key of this id is in service');
  return hsm.anchor.lend(({ handle: session }) => {
    const halves = findHalves(hsm.cryptoki, session, hsmId);
    const all = [...halves.privateKeys, ...halves.publicKeys];
    for (const object of all) refuseForeign(new ObjectReader(hsm.cryptoki, session, object), named);
    return destroyAll(hsm.cryptoki, session, all);
  });
}

/** A half may have no label yet; with one that we did not write it is somebody else's. */
function refuseForeign(object: ObjectReader, named: ServiceKids): void {
  const label = ifReadable(() => object.text(CKA.LABEL)) ?? '';
  if (label !== '' && !label.startsWith(OURS)) refuse('the object of this id is not one of ours');
  for (const [member, name] of SERVICE_KEYS) {
    const isNamed = label === SERVICE_LABELS[member] && named[member] !== null;
    if (isNamed) refuse(`${name} is never destroyed this way`);
  }
}

/** A token that shows nothing may have lost one key, or all of them to an outage. */
function refuseBlindness(cryptoki: Cryptoki, session: Handle): void {
  if (cryptoki.find(session, [{ type: CKA.CLASS, value: PRIVATE_KEY }]).length > 0) return;
  throw new KeywardError('hsm_unavailable', 'the HSM shows no key at all, so nobody knows which are gone');
}

function destroyAll(cryptoki: Cryptoki, session: Handle, objects: readonly Handle[]): null {
  for (const object of objects) cryptoki.destroyObject(session, object);
  return null;
}

function refuse(why: string): never {
  throw new KeywardError('hsm_refused', why);
}
