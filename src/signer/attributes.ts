import graphene from 'graphene-pk11';
import { KeywardError } from '../kernel/errors.ts';
import { meaningOf } from './ckr.ts';
import { type Cryptoki, CryptokiError, type Handle } from './cryptoki.ts';

/** Attribute types of PKCS#11 v2.40 and 3.0 by their names there. */
export const CKA = {
  CLASS: 0x000,
  TOKEN: 0x001,
  PRIVATE: 0x002,
  LABEL: 0x003,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  ENCRYPT: 0x104,
  DECRYPT: 0x105,
  WRAP: 0x106,
  UNWRAP: 0x107,
  SIGN: 0x108,
  SIGN_RECOVER: 0x109,
  VERIFY: 0x10a,
  VERIFY_RECOVER: 0x10b,
  DERIVE: 0x10c,
  MODULUS: 0x120,
  MODULUS_BITS: 0x121,
  PUBLIC_EXPONENT: 0x122,
  EXTRACTABLE: 0x162,
  LOCAL: 0x163,
  NEVER_EXTRACTABLE: 0x164,
  ALWAYS_SENSITIVE: 0x165,
  MODIFIABLE: 0x170,
  COPYABLE: 0x171,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
  ALLOWED_MECHANISMS: 0x40000600,
} as const;

/** The module answered, but not with a value of that kind. */
class AttributeError extends Error {
  override readonly name = 'AttributeError';
}

/** An object as one session sees it. Every reader throws where there is no well-formed answer. */
export class ObjectReader {
  readonly #cryptoki: Cryptoki;
  readonly #session: Handle;
  readonly #object: Handle;

  constructor(cryptoki: Cryptoki, session: Handle, object: Handle) {
    this.#cryptoki = cryptoki;
    this.#session = session;
    this.#object = object;
  }

  bytes(type: number): Buffer {
    const value = this.#cryptoki.attribute(this.#session, this.#object, type);
    return value ?? fail('no value');
  }

  text(type: number): string {
    return this.bytes(type).toString('utf8');
  }

  /** CK_BBOOL: one byte, 0 or 1, and nothing else passes for either. */
  boolean(type: number): boolean {
    const value = this.bytes(type);
    if (value.length !== 1 || (value[0] !== 0 && value[0] !== 1)) fail('not a boolean');
    return value[0] === 1;
  }

  /** CK_ULONG: eight bytes where Keyward runs. */
  number(type: number): number {
    const value = this.bytes(type);
    if (value.length !== 8) fail('not a number');
    return Number(value.readBigUInt64LE());
  }
}

/** Whether the error tells of one object alone, and not of the token or of us. */
export function isOfOneObject(error: unknown): boolean {
  if (error instanceof CryptokiError) return meaningOf(error.ckr).ofOneKey;
  if (error instanceof KeywardError) return error.code === 'key_unproven';
  return error instanceof AttributeError;
}

/** For the sentence that says what is wrong with an object. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no answer';
}

/** What the object says, or undefined where it would not; an error of the token goes on upwards. */
export function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isOfOneObject(error)) return undefined;
    throw error;
  }
}

function fail(flaw: string): never {
  throw new AttributeError(flaw);
}

/** The halves that stand under one CKA_ID. More than one of a kind means that the id names no key. */
export interface KeyPairHandles {
  readonly privateKeys: readonly Handle[];
  readonly publicKeys: readonly Handle[];
}

export const { PRIVATE_KEY, PUBLIC_KEY } = graphene.ObjectClass;

/**
 * The objects under one id, by one search of their own: it may take a module as long as it has objects. One that does
 * not show its class counts as either half, so that it is never taken for nothing.
 */
export function findKeyPair(cryptoki: Cryptoki, session: Handle, hsmId: string): KeyPairHandles {
  const found = cryptoki.find(session, [{ type: CKA.ID, value: Buffer.from(hsmId, 'hex') }]);
  const classOf = (object: Handle) => new ObjectReader(cryptoki, session, object).number(CKA.CLASS);
  const classes = found.map((object) => ifReadable(() => classOf(object)));
  const ofClass = (value: number) => found.filter((_, at) => (classes[at] ?? value) === value);
  return { privateKeys: ofClass(PRIVATE_KEY), publicKeys: ofClass(PUBLIC_KEY) };
}

/** All key objects by id, listed once: a search for each key would take its time in a full token. */
export function listKeyPairs(cryptoki: Cryptoki, session: Handle): (hsmId: string) => KeyPairHandles {
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
