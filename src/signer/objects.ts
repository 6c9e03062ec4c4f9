import graphene from 'graphene-pk11';
import { CKA, ifReadable, ObjectReader } from './attributes.ts';
import type { Attribute, Cryptoki, Handle } from './cryptoki.ts';

/** The halves that stand under one CKA_ID. More than one of a kind means that the id names no key. */
export interface KeyPairHandles {
  readonly privateKeys: readonly Handle[];
  readonly publicKeys: readonly Handle[];
}

export const { PRIVATE_KEY, PUBLIC_KEY } = graphene.ObjectClass;

/** The objects under one id, by a search of their own: for a key that has just been made, or shall go. */
export function findHalves(cryptoki: Cryptoki, session: Handle, hsmId: string): KeyPairHandles {
  const id: Attribute = { type: CKA.ID, value: Buffer.from(hsmId, 'hex') };
  const ofClass = (value: number) => cryptoki.find(session, [{ type: CKA.CLASS, value }, id]);
  return { privateKeys: ofClass(PRIVATE_KEY), publicKeys: ofClass(PUBLIC_KEY) };
}

/** All key objects by id, listed once: a search for each key would take its time in a full token. */
export function listHalves(cryptoki: Cryptoki, session: Handle): (hsmId: string) => KeyPairHandles {
  const privateKeys = byId(cryptoki, session, PRIVATE_KEY);
  const publicKeys = byId(cryptoki, session, PUBLIC_KEY);
  return (hsmId) => ({
    privateKeys: privateKeys.get(hsmId) ?? [],
    publicKeys: publicKeys.get(hsmId) ?? [],
  });
}

function byId(cryptoki: Cryptoki, session: Handle, objectClass: number): Map<string, Handle[]> {
  const found = new Map<string, Handle[]>();
  for (const handle of cryptoki.find(session, [{ type: CKA.CLASS, value: objectClass }])) {
    const id = ifReadable(() => new ObjectReader(cryptoki, session, handle).bytes(CKA.ID));
    const hsmId = id?.toString('hex') ?? '';
    found.set(hsmId, [...(found.get(hsmId) ?? []), handle]);
  }
  return found;
}
