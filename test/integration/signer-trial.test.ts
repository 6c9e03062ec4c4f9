import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { tryKeys } from '../../src/doctor/try-keys.ts';
import type { Algorithm } from '../../src/kernel/algorithm.ts';
import { openWorkbench } from '../support/hsm-workbench.ts';
import { createShimmedHsm, type ShimmedHsm, specification } from '../support/shimmed-hsm.ts';
import type { SignerProcess } from '../support/signer-process.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const PRIVATE_KEY = 3;
const ALL: readonly Algorithm[] = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519', 'EdDSA'];
const COPYABLE = 0x171;
const MODIFIABLE = 0x170;
const ALLOWED_MECHANISMS = 0x40000600;
const GENERAL_ERROR = 0x5;

let hsm: ShimmedHsm;
let signer: SignerProcess;
let keys: string[];

async function idsOfKeys(): Promise<string[]> {
  const workbench = await openWorkbench(hsm.softHsm);
  const ids = [...(await workbench.ids(PRIVATE_KEY)), ...(await workbench.ids(PRIVATE_KEY - 1))];
  await workbench.stop();
  return ids;
}

beforeAll(async () => {
  hsm = await createShimmedHsm();
  signer = await hsm.openSigner();
  keys = await idsOfKeys();
});

afterEach(() => hsm.shim.control([]));

afterAll(async () => {
  await signer.stop();
  hsm.remove();
});

const trial = (algorithm: Algorithm = 'ES256') =>
  signer.ask('trial', {
    algorithm,
    modulusBits: algorithm.endsWith('S256') && algorithm !== 'ES256' ? 2048 : null,
  });

const WELL = { refused: null, unproven: [], signatureMs: expect.any(Number) };

describe('a trial key', () => {
  it.each(ALL)('of %s is made, proven and gone again', async (algorithm) => {
    expect(await trial(algorithm)).toEqual(WELL);
    expect(await idsOfKeys()).toEqual(keys);
  });

  it.each([
    ['CKA_COPYABLE', COPYABLE, GENERAL_ERROR, 'CKR_GENERAL_ERROR (0x5)'],
    ['CKA_MODIFIABLE', MODIFIABLE, 0xd1, 'CKR_TEMPLATE_INCONSISTENT (0xd1)'],
    ['CKA_SENSITIVE', 0x103, 0x13, 'CKR_ATTRIBUTE_VALUE_INVALID (0x13)'],
    ['CKA_DERIVE', 0x10c, 0x12, 'CKR_ATTRIBUTE_TYPE_INVALID (0x12)'],
  ])('that the module refuses for %s is said so, and leaves nothing', async (name, type, ckr, answer) => {
    hsm.shim.control([`C_GenerateKeyPair refuse ${type} ${ckr}`]);
    expect(await trial()).toEqual({
      refused: { answer: `C_GenerateKeyPair: ${answer}`, attributes: [name] },
      unproven: [],
      signatureMs: null,
    });
    expect(await idsOfKeys()).toEqual(keys);
  });

  it('that is refused for two attributes names both', async () => {
    hsm.shim.control([
      `C_GenerateKeyPair refuse ${COPYABLE} ${GENERAL_ERROR}`,
      `C_GenerateKeyPair refuse ${MODIFIABLE} ${GENERAL_ERROR}`,
    ]);
    const { refused } = await trial();
    expect(refused?.attributes.toSorted()).toEqual(['CKA_COPYABLE', 'CKA_MODIFIABLE']);
    expect(await idsOfKeys()).toEqual(keys);
  });

  it('that is refused whatever it is offered names no attribute', async () => {
    hsm.shim.control(['C_GenerateKeyPair return 0x70']);
    expect(await trial()).toEqual({
      refused: { answer: 'C_GenerateKeyPair: CKR_MECHANISM_INVALID (0x70)', attributes: [] },
      unproven: [],
      signatureMs: null,
    });
  });

  it('does without what a key can do without', async () => {
    hsm.shim.control([`C_GenerateKeyPair refuse ${ALLOWED_MECHANISMS} 0x12`]);
    expect(await trial()).toEqual(WELL);
  });

  it('that cannot be proven says by which attribute', async () => {
    hsm.shim.control([`C_GetAttributeValue fail ${COPYABLE} 0x12`]);
    const unproven = ['CKA_COPYABLE cannot be read (C_GetAttributeValue: CKR_ATTRIBUTE_TYPE_INVALID (0x12))'];
    expect(await trial()).toEqual({ refused: null, unproven, signatureMs: null });
    expect(await idsOfKeys()).toEqual(keys);
  });
});

describe('a key in earnest', () => {
  it('is refused by the same module, with function and return value for operators', async () => {
    hsm.shim.control([`C_GenerateKeyPair refuse ${COPYABLE} 0xd1`]);
    expect(await signer.failing('generate', specification('ES256'))).toEqual({
      code: 'hsm_refused',
      message: 'the HSM refused the operation',
      detail: 'C_GenerateKeyPair: CKR_TEMPLATE_INCONSISTENT (0xd1)',
      ckr: 0xd1,
      remedy: 'stop',
    });
  });
});

describe('doctor', () => {
  it('says of each algorithm whether a key can be had, and which attribute stands in its way', async () => {
    const { link } = hsm.createLink();
    await link.start();
    expect(await tryKeys(link, ['ES256', 'Ed25519'])).toEqual([
      { check: 'trial keys', level: 'ok', summary: 'made, proven and destroyed: ES256, Ed25519' },
    ]);
    hsm.shim.control([`C_GenerateKeyPair refuse ${COPYABLE} ${GENERAL_ERROR}`]);
    expect(await tryKeys(link, ['ES256'])).toMatchObject([
      {
        level: 'fail',
        summary: 'ES256: the module refuses CKA_COPYABLE (C_GenerateKeyPair: CKR_GENERAL_ERROR (0x5))',
      },
    ]);
    await link.stop();
  });
});

describe('a trial during which the epoch ends', () => {
  it('asks nothing more of the module, and what it made stays', async () => {
    const own = await hsm.openSigner();
    const destroyed = hsm.shim.calls('C_DestroyObject');
    const signed = hsm.shim.calls('C_Sign');
    hsm.shim.control(['C_GenerateKeyPair delay 500', 'C_GetSessionInfo return 0xb3']);
    const trying = own.failing('trial', { algorithm: 'ES256', modulusBits: null });
    expect(await own.failing('describe', null)).toMatchObject({ remedy: 'replace' });
    expect(await trying).toMatchObject({ code: 'hsm_unavailable', remedy: 'replace' });
    expect([hsm.shim.calls('C_DestroyObject'), hsm.shim.calls('C_Sign')]).toEqual([destroyed, signed]);
    await own.stop();
    hsm.shim.control([]);
    expect((await idsOfKeys()).length).toBe(keys.length + 2);
  });
});
