import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pkcs11js from 'pkcs11js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Pkcs11Process, startPkcs11 } from '../support/pkcs11-process.ts';
import { createShim, type Shim } from '../support/shim.ts';

const MODULE =
  ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'].find(existsSync) ??
  'libsofthsm2.so';
const PIN = '246813';
const ID = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex');
const OTHER_ID = Buffer.from('ff02030405060708090a0b0c0d0e0f10', 'hex');
const P256 = Buffer.from('06082a8648ce3d030107', 'hex');
const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const TEXT = Buffer.from('signed');
const DIGEST = createHash('sha256').update(TEXT).digest();

const { CKA_ID, CKA_SENSITIVE, CKA_EXTRACTABLE, CKM_ECDSA, CKM_EC_KEY_PAIR_GEN, CKM_RSA_PKCS } = pkcs11js;
const SERIAL = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION;

interface Pair {
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
}

let tokens: string;
let shim: Shim;
let hsm: Pkcs11Process;
let slot: Buffer;

beforeAll(async () => {
  tokens = mkdtempSync(join(tmpdir(), 'keyward-shim-token-'));
  writeFileSync(
    join(tokens, 'softhsm2.conf'),
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`,
  );
  const fresh = await startPkcs11(MODULE, softhsm());
  await fresh.call('C_Initialize', { flags: pkcs11js.CKF_OS_LOCKING_OK });
  const [first] = await fresh.call<Buffer[]>('C_GetSlotList', true);
  await fresh.call('C_InitToken', first, '135790', 'shimmed'.padEnd(32));
  const session = await fresh.call('C_OpenSession', first, SERIAL);
  await fresh.call('C_Login', session, pkcs11js.CKU_SO, '135790');
  await fresh.call('C_InitPIN', session, PIN);
  await fresh.stop();
});

afterAll(() => rmSync(tokens, { recursive: true, force: true }));

beforeEach(async () => {
  shim = await createShim({ realModule: MODULE });
  await restart();
});

afterEach(async () => {
  await hsm.stop();
  shim.remove();
});

const softhsm = () => ({ SOFTHSM2_CONF: join(tokens, 'softhsm2.conf') });

async function restart(): Promise<void> {
  hsm = await startPkcs11(shim.modulePath, { ...softhsm(), ...shim.environment });
  await hsm.call('C_Initialize', { flags: pkcs11js.CKF_OS_LOCKING_OK });
  slot = Buffer.from((await hsm.call<Buffer[]>('C_GetSlotList', true))[0] ?? []);
}

async function logIn(): Promise<Buffer> {
  const session = await hsm.call<Buffer>('C_OpenSession', slot, SERIAL);
  await hsm.call('C_Login', session, pkcs11js.CKU_USER, PIN);
  return session;
}

function generate(session: Buffer, id = ID): Promise<Pair> {
  return hsm.call<Pair>(
    'C_GenerateKeyPairAsync',
    session,
    { mechanism: CKM_EC_KEY_PAIR_GEN },
    [
      { type: pkcs11js.CKA_EC_PARAMS, value: P256 },
      { type: CKA_ID, value: id },
    ],
    [
      { type: CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_SIGN, value: true },
      { type: CKA_ID, value: id },
    ],
  );
}

async function sign(session: Buffer, key: Buffer, digest = DIGEST): Promise<Buffer> {
  await hsm.call('C_SignInit', session, { mechanism: CKM_ECDSA }, key);
  return hsm.call<Buffer>('C_SignAsync', session, digest, Buffer.alloc(64));
}

async function read(session: Buffer, object: Buffer, type: number): Promise<Buffer | undefined> {
  const read = await hsm.call<{ value: Buffer }[]>('C_GetAttributeValue', session, object, [{ type }]);
  return read[0]?.value;
}

/** Whether the raw signature is good for `TEXT`; the point comes as a DER octet string. */
function covers(point: Buffer | undefined, signature: Buffer): boolean {
  const der = Buffer.concat([P256_SPKI, Buffer.from(point?.subarray(2) ?? [])]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify('sha256', TEXT, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

const answered = (ckr: number) => expect.objectContaining({ ckr });
const died = (signal: string) =>
  expect.objectContaining({ ckr: null, message: expect.stringContaining(signal) });

describe('without rules', () => {
  it('passes calls on and counts them', async () => {
    const session = await logIn();
    const pair = await generate(session);
    expect(await sign(session, pair.privateKey)).toHaveLength(64);
    expect(await read(session, pair.privateKey, CKA_ID)).toEqual(ID);
    expect(['C_Initialize', 'C_Login', 'C_GenerateKeyPair', 'C_Sign', 'C_Logout'].map(shim.calls)).toEqual([
      1, 1, 1, 1, 0,
    ]);
  });

  it('counts over processes', async () => {
    await logIn();
    await hsm.stop();
    await restart();
    await logIn();
    expect(shim.calls('C_Login')).toBe(2);
  });

  it('answers as the module does where that is an error', async () => {
    const session = await hsm.call<Buffer>('C_OpenSession', slot, SERIAL);
    await expect(hsm.call('C_Login', session, pkcs11js.CKU_USER, 'wrong')).rejects.toEqual(answered(0xa0));
  });
});

describe('an injected answer', () => {
  it('comes at the nth call since the rule was written, for as many calls as it says', async () => {
    const session = await logIn();
    const { privateKey } = await generate(session);
    await sign(session, privateKey);
    shim.control(['C_SignInit return 0x30 at 2 for 2']);
    await sign(session, privateKey);
    await expect(sign(session, privateKey)).rejects.toEqual(answered(0x30));
    await expect(sign(session, privateKey)).rejects.toEqual(answered(0x30));
    expect(await sign(session, privateKey)).toHaveLength(64);
  });

  it('comes once with `at` alone, and always without', async () => {
    const session = await logIn();
    const { privateKey } = await generate(session);
    shim.control(['C_SignInit return 5 at 1']);
    await expect(sign(session, privateKey)).rejects.toEqual(answered(5));
    await sign(session, privateKey);
    shim.control(['C_SignInit return 5']);
    await expect(sign(session, privateKey)).rejects.toEqual(answered(5));
    await expect(sign(session, privateKey)).rejects.toEqual(answered(5));
    shim.control([]);
    await sign(session, privateKey);
  });

  it('leaves the module out, or with `after` lets it act', async () => {
    const session = await hsm.call<Buffer>('C_OpenSession', slot, SERIAL);
    const login = () => hsm.call('C_Login', session, pkcs11js.CKU_USER, PIN);
    shim.control(['C_Login return 0x30 before at 1', 'C_Login return 0x31 after at 2']);
    await expect(login()).rejects.toEqual(answered(0x30));
    await expect(login()).rejects.toEqual(answered(0x31));
    await expect(login()).rejects.toEqual(answered(pkcs11js.CKR_USER_ALREADY_LOGGED_IN));
    expect(shim.calls('C_Login')).toBe(3);
  });
});

describe('a call that does not come back', () => {
  it('is counted though its process is killed while it hangs', async () => {
    const session = await hsm.call<Buffer>('C_OpenSession', slot, SERIAL);
    shim.control(['C_Login hang']);
    const login = hsm.call('C_Login', session, pkcs11js.CKU_USER, PIN);
    const lost = expect(login).rejects.toEqual(died('SIGKILL'));
    await expect.poll(() => shim.calls('C_Login')).toBe(1);
    await hsm.stop();
    await lost;
  });

  it('kills or aborts its process', async () => {
    await logIn();
    shim.control(['C_GetInfo kill']);
    await expect(hsm.call('C_GetInfo')).rejects.toEqual(died('SIGKILL'));
    await restart();
    shim.control(['C_GetInfo abort after']);
    await expect(hsm.call('C_GetInfo')).rejects.toEqual(died('SIGABRT'));
    expect(shim.calls('C_GetInfo')).toBe(2);
  });

  it('comes back late when it is delayed', async () => {
    const session = await logIn();
    const { privateKey } = await generate(session);
    shim.control(['C_Sign delay 40']);
    const started = performance.now();
    await sign(session, privateKey);
    expect(performance.now() - started).toBeGreaterThanOrEqual(40);
  });
});

describe('altered answers', () => {
  it('add flags and a limit of sessions to the token', async () => {
    const before = await hsm.call<pkcs11js.TokenInfo>('C_GetTokenInfo', slot);
    shim.control([
      `C_GetTokenInfo flags ${pkcs11js.CKF_USER_PIN_FINAL_TRY}`,
      `C_GetTokenInfo flags ${pkcs11js.CKF_USER_PIN_LOCKED}`,
      'C_GetTokenInfo sessions 3',
    ]);
    const added = pkcs11js.CKF_USER_PIN_FINAL_TRY | pkcs11js.CKF_USER_PIN_LOCKED;
    expect(before.flags & added).toBe(0);
    expect(await hsm.call('C_GetTokenInfo', slot)).toEqual({
      ...before,
      utcTime: expect.any(String),
      flags: before.flags | added,
      maxSessionCount: 3,
      maxRwSessionCount: 3,
    });
  });

  it('drop mechanisms and no others', async () => {
    const before = await hsm.call<number[]>('C_GetMechanismList', slot);
    shim.control([`C_GetMechanismList drop ${CKM_ECDSA}`, `C_GetMechanismList drop ${CKM_RSA_PKCS}`]);
    expect(await hsm.call('C_GetMechanismList', slot)).toEqual(
      before.filter((mechanism) => mechanism !== CKM_ECDSA && mechanism !== CKM_RSA_PKCS),
    );
  });

  it('change or withhold one attribute of one object', async () => {
    const session = await logIn();
    const { privateKey } = await generate(session);
    const other = await generate(session, OTHER_ID);
    const id = ID.toString('hex');
    shim.control([
      `C_GetAttributeValue change ${CKA_EXTRACTABLE} 01 id ${id}`,
      `C_GetAttributeValue fail ${CKA_SENSITIVE} 0x12 id ${id}`,
    ]);
    expect(await read(session, privateKey, CKA_EXTRACTABLE)).toEqual(Buffer.from([1]));
    expect(await read(session, other.privateKey, CKA_EXTRACTABLE)).toEqual(Buffer.from([0]));
    await expect(read(session, privateKey, CKA_SENSITIVE)).rejects.toEqual(answered(0x12));
    expect(await read(session, other.privateKey, CKA_SENSITIVE)).toEqual(Buffer.from([1]));
    expect(await read(session, privateKey, CKA_ID)).toEqual(ID);
  });

  it('change an attribute to a longer value', async () => {
    const session = await logIn();
    const { privateKey } = await generate(session);
    shim.control([`C_GetAttributeValue change ${CKA_EXTRACTABLE} 010203`]);
    expect(await read(session, privateKey, CKA_EXTRACTABLE)).toEqual(Buffer.from([1, 2, 3]));
  });

  it('falsify a signature', async () => {
    const session = await logIn();
    const { privateKey, publicKey } = await generate(session);
    const point = await read(session, publicKey, pkcs11js.CKA_EC_POINT);
    const good = async () => covers(point, await sign(session, privateKey, DIGEST));
    shim.control(['C_Sign flip at 2']);
    expect([await good(), await good(), await good()]).toEqual([true, false, true]);
  });
});

describe('a rule that is none', () => {
  it('is refused where it is written', () => {
    expect(() => shim.control(['C_Sign delay'])).toThrow('not a rule of the shim: C_Sign delay');
    expect(() => shim.control(['C_Sign explode'])).toThrow('not a rule of the shim: C_Sign explode');
    shim.control(['C_Sign delay 5']);
  });
});
