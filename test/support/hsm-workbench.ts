import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import pkcs11js from 'pkcs11js';
import { Pkcs11CallError, type Pkcs11Process, startPkcs11 } from './pkcs11-process.ts';
import type { SoftHsm } from './softhsm.ts';

const P256 = Buffer.from('06082a8648ce3d030107', 'hex');
const COPYABLE = 0x171;
const SESSION = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION;

type Value = boolean | number | string | Buffer;

export interface Named {
  /** Hex. */
  readonly hsmId: string;
  readonly label: string;
}

/** Somebody with the PIN who makes in the token what Keyward never would. */
export interface Workbench {
  /** A P-256 key as Keyward makes it, but for what `changes` says of the private half. */
  generate(named: Named, changes?: Readonly<Record<number, Value>>): Promise<void>;
  /** The same with C_CreateObject, from a key that was born outside. */
  importKey(named: Named): Promise<void>;
  /** Its private half alone. */
  importPrivateKey(named: Named): Promise<void>;
  /** Another public half under an id that has one, with its own label. */
  addPublicKey(named: Named): Promise<void>;
  /** The raw ECDSA signature of the private key under the id over a SHA-256 digest. */
  sign(hsmId: string, digest: Buffer): Promise<Buffer>;
  /** EC points of the public keys under the id, without their DER wrapping. */
  points(hsmId: string): Promise<Buffer[]>;
  /** How many objects of the class the token has under the id. */
  count(hsmId: string, objectClass: number): Promise<number>;
  /** The ids of all objects of the class, hex, sorted. */
  ids(objectClass: number): Promise<string[]>;
  destroy(hsmId: string, objectClass: number): Promise<void>;
  stop(): Promise<void>;
}

export async function openWorkbench(hsm: SoftHsm): Promise<Workbench> {
  const { modulePath, tokenLabel } = hsm.settings;
  const process = await startPkcs11(modulePath, hsm.environment);
  await process.call('C_Initialize', { flags: pkcs11js.CKF_OS_LOCKING_OK });
  const slot = await slotOf(process, tokenLabel);
  const session = await process.call<Buffer>('C_OpenSession', slot, SESSION);
  await process.call('C_Login', session, pkcs11js.CKU_USER, hsm.pin);
  return new OpenWorkbench(process, session);
}

async function slotOf(process: Pkcs11Process, label: string): Promise<Buffer> {
  for (const slot of await process.call<Buffer[]>('C_GetSlotList', true)) {
    const token = await process.call<{ label: string }>('C_GetTokenInfo', Buffer.from(slot));
    if (token.label.trim() === label) return Buffer.from(slot);
  }
  throw new Error(`no token ${label}`);
}

class OpenWorkbench implements Workbench {
  readonly #process: Pkcs11Process;
  readonly #session: Buffer;

  constructor(process: Pkcs11Process, session: Buffer) {
    this.#process = process;
    this.#session = session;
  }

  async generate(named: Named, changes: Readonly<Record<number, Value>> = {}): Promise<void> {
    const privateKey = { ...privateAttributes(named), ...changes };
    await this.#process.call(
      'C_GenerateKeyPairAsync',
      this.#session,
      { mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN },
      template({ ...publicAttributes(named), [pkcs11js.CKA_EC_PARAMS]: P256 }),
      template(privateKey),
    );
  }

  async importKey(named: Named): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await this.#importPrivate(named, privateKey);
    await this.#createPublic(named, publicKey);
  }

  async importPrivateKey(named: Named): Promise<void> {
    await this.#importPrivate(named, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  }

  async #importPrivate(named: Named, privateKey: KeyObject): Promise<void> {
    const { d } = privateKey.export({ format: 'jwk' });
    await this.#create({
      ...privateAttributes(named),
      [pkcs11js.CKA_CLASS]: pkcs11js.CKO_PRIVATE_KEY,
      [pkcs11js.CKA_KEY_TYPE]: pkcs11js.CKK_EC,
      [pkcs11js.CKA_EC_PARAMS]: P256,
      [pkcs11js.CKA_VALUE]: Buffer.from(d ?? '', 'base64url'),
    });
  }

  async addPublicKey(named: Named): Promise<void> {
    await this.#createPublic(named, generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  }

  async sign(hsmId: string, digest: Buffer): Promise<Buffer> {
    await onLiveHandles(async () => {
      const [key] = await this.#find(hsmId, pkcs11js.CKO_PRIVATE_KEY);
      await this.#process.call('C_SignInit', this.#session, { mechanism: pkcs11js.CKM_ECDSA }, key);
    });
    return Buffer.from(await this.#process.call<Buffer>('C_Sign', this.#session, digest, Buffer.alloc(64)));
  }

  points(hsmId: string): Promise<Buffer[]> {
    return onLiveHandles(() => this.#points(hsmId));
  }

  async #points(hsmId: string): Promise<Buffer[]> {
    const points: Buffer[] = [];
    for (const handle of await this.#find(hsmId, pkcs11js.CKO_PUBLIC_KEY)) {
      const attributes = [{ type: pkcs11js.CKA_EC_POINT }];
      const [point] = await this.#process.call<{ value: Buffer }[]>(
        'C_GetAttributeValue',
        this.#session,
        handle,
        attributes,
      );
      points.push(Buffer.from(point?.value ?? []).subarray(2));
    }
    return points;
  }

  async count(hsmId: string, objectClass: number): Promise<number> {
    return (await this.#find(hsmId, objectClass)).length;
  }

  ids(objectClass: number): Promise<string[]> {
    return onLiveHandles(() => this.#ids(objectClass));
  }

  async #ids(objectClass: number): Promise<string[]> {
    const ids: string[] = [];
    for (const handle of await this.#matching({ [pkcs11js.CKA_CLASS]: objectClass })) {
      const attributes = [{ type: pkcs11js.CKA_ID }];
      const [id] = await this.#process.call<{ value: Buffer }[]>(
        'C_GetAttributeValue',
        this.#session,
        handle,
        attributes,
      );
      ids.push(Buffer.from(id?.value ?? []).toString('hex'));
    }
    return ids.sort();
  }

  destroy(hsmId: string, objectClass: number): Promise<void> {
    return onLiveHandles(async () => {
      for (const handle of await this.#find(hsmId, objectClass)) {
        await this.#process.call('C_DestroyObject', this.#session, handle);
      }
    });
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  async #createPublic(named: Named, publicKey: KeyObject): Promise<void> {
    const { x, y } = publicKey.export({ format: 'jwk' }) as JsonWebKey & { x: string; y: string };
    const point = [Buffer.from('044104', 'hex'), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
    await this.#create({
      ...publicAttributes(named),
      [pkcs11js.CKA_CLASS]: pkcs11js.CKO_PUBLIC_KEY,
      [pkcs11js.CKA_KEY_TYPE]: pkcs11js.CKK_EC,
      [pkcs11js.CKA_EC_PARAMS]: P256,
      [pkcs11js.CKA_EC_POINT]: Buffer.concat(point),
    });
  }

  async #create(attributes: Readonly<Record<number, Value>>): Promise<void> {
    await this.#process.call('C_CreateObject', this.#session, template(attributes));
  }

  async #find(hsmId: string, objectClass: number): Promise<Buffer[]> {
    return await this.#matching({
      [pkcs11js.CKA_ID]: Buffer.from(hsmId, 'hex'),
      [pkcs11js.CKA_CLASS]: objectClass,
    });
  }

  async #matching(attributes: Readonly<Record<number, Value>>): Promise<Buffer[]> {
    await this.#process.call('C_FindObjectsInit', this.#session, template(attributes));
    const found = await this.#process.call<Buffer[]>('C_FindObjects', this.#session, 1_024);
    await this.#process.call('C_FindObjectsFinal', this.#session);
    return found.map((handle) => Buffer.from(handle));
  }
}

const CKR_OBJECT_HANDLE_INVALID = 0x82;
const TRIES = 20;

/** SoftHSM gives objects other handles once another process, such as the signer, has changed the token in between. */
async function onLiveHandles<T>(work: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      const isStale = error instanceof Pkcs11CallError && error.ckr === CKR_OBJECT_HANDLE_INVALID;
      if (!isStale || left === 0) throw error;
    }
  }
}

function privateAttributes({ hsmId, label }: Named): Record<number, Value> {
  return {
    [pkcs11js.CKA_TOKEN]: true,
    [pkcs11js.CKA_PRIVATE]: true,
    [pkcs11js.CKA_SENSITIVE]: true,
    [pkcs11js.CKA_EXTRACTABLE]: false,
    [pkcs11js.CKA_MODIFIABLE]: false,
    [COPYABLE]: false,
    [pkcs11js.CKA_SIGN]: true,
    [pkcs11js.CKA_SIGN_RECOVER]: false,
    [pkcs11js.CKA_DECRYPT]: false,
    [pkcs11js.CKA_UNWRAP]: false,
    [pkcs11js.CKA_DERIVE]: false,
    [pkcs11js.CKA_ID]: Buffer.from(hsmId, 'hex'),
    [pkcs11js.CKA_LABEL]: label,
  };
}

function publicAttributes({ hsmId, label }: Named): Record<number, Value> {
  return {
    [pkcs11js.CKA_TOKEN]: true,
    [pkcs11js.CKA_VERIFY]: true,
    [pkcs11js.CKA_ID]: Buffer.from(hsmId, 'hex'),
    [pkcs11js.CKA_LABEL]: label,
  };
}

function template(attributes: Readonly<Record<number, Value>>): { type: number; value: Value }[] {
  return Object.entries(attributes).map(([type, value]) => ({ type: Number(type), value }));
}
