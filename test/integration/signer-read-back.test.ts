import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyProof } from '../../src/kernel/signer.ts';
import { composeRunCertificate } from '../../src/token/run-certificate.ts';
import { makeAuditKey, NOW } from '../support/provisioned-token.ts';
import { type BoundKey, createShimmedHsm, type ShimmedHsm, specification } from '../support/shimmed-hsm.ts';
import { type SignerProcess, startSigner } from '../support/signer-process.ts';

/** Attributes of a private key with what they must be (I7), by PKCS#11's numbers. */
const ATTRIBUTES = [
  ['CKA_TOKEN', 0x001, true],
  ['CKA_PRIVATE', 0x002, true],
  ['CKA_SENSITIVE', 0x103, true],
  ['CKA_DECRYPT', 0x105, false],
  ['CKA_UNWRAP', 0x107, false],
  ['CKA_SIGN', 0x108, true],
  ['CKA_SIGN_RECOVER', 0x109, false],
  ['CKA_DERIVE', 0x10c, false],
  ['CKA_EXTRACTABLE', 0x162, false],
  ['CKA_LOCAL', 0x163, true],
  ['CKA_NEVER_EXTRACTABLE', 0x164, true],
  ['CKA_ALWAYS_SENSITIVE', 0x165, true],
  ['CKA_MODIFIABLE', 0x170, false],
  ['CKA_COPYABLE', 0x171, false],
] as const;

let hsm: ShimmedHsm;
let signer: SignerProcess;
let key: BoundKey;
let neighbour: BoundKey;

beforeAll(async () => {
  hsm = await createShimmedHsm();
  const [first, second] = await hsm.makeKeys('ES256', 'ES256');
  if (!first || !second) throw new Error('no keys');
  [key, neighbour] = [first, second];
});

afterAll(() => hsm.remove());

beforeEach(async () => {
  signer = await hsm.openSigner();
});

afterEach(async () => {
  await signer.stop();
  hsm.shim.control([]);
});

async function serve(): Promise<readonly [KeyProof | undefined, KeyProof | undefined]> {
  const [first, second] = await signer.ask('serve', [key.reference, neighbour.reference]);
  return [first, second];
}

/** Whether each of the two keys signs, and the signature is its own. */
async function signing(): Promise<boolean[]> {
  const keys = [key, neighbour];
  const inputs = keys.map((each) => each.signingInput());
  const asked = keys.map((each, at) => [each.reference.kid, inputs[at] ?? ''] as const);
  const outcomes = await signer.ask('sign', asked);
  return Promise.all(
    outcomes.map(
      async (outcome, at) =>
        outcome instanceof Uint8Array && (await keys[at]?.verifies(inputs[at] ?? '', outcome)) === true,
    ),
  );
}

async function objectsUnder(id: string): Promise<number> {
  return (await signer.ask('inventory', null)).filter(({ hsmId }) => hsmId === id).length;
}

const ofKey = () => `id ${key.reference.hsmId}`;

describe('I7: a key whose read-back is not as it must be does not serve, and its neighbour does', () => {
  it('serves both where nothing is wrong', async () => {
    expect(await serve()).toMatchObject([
      { proven: true, unproven: [] },
      { proven: true, unproven: [] },
    ]);
    expect(await signing()).toEqual([true, true]);
  });

  it.each(ATTRIBUTES)('%s: wrong, unreadable or no boolean', async (name, type, required) => {
    const cases = [
      [`change ${type} ${required ? '00' : '01'}`, `${name} is ${!required} and must be ${required}`],
      [
        `fail ${type} 0x12`,
        `${name} cannot be read (C_GetAttributeValue: CKR_ATTRIBUTE_TYPE_INVALID (0x12))`,
      ],
      [`fail ${type} 0x11`, `${name} cannot be read (C_GetAttributeValue: CKR_ATTRIBUTE_SENSITIVE (0x11))`],
      [`change ${type} 02`, `${name} cannot be read (not a boolean)`],
      [`change ${type} ${required ? '0100' : '0000'}`, `${name} cannot be read (not a boolean)`],
    ] as const;
    for (const [rule, sentence] of cases) {
      hsm.shim.control([`C_GetAttributeValue ${rule} ${ofKey()}`]);
      const [proof, other] = await serve();
      expect(proof).toMatchObject({ proven: false, found: true, unproven: [sentence] });
      expect(other).toMatchObject({ proven: true, unproven: [] });
      expect(await signing()).toEqual([false, true]);
    }
  });

  it.each([
    ['CKA_ID withheld', 'fail 0x102 0x12', 'there are 0 private keys under its id, and there must be one'],
    [
      'CKA_LABEL of another scope',
      'change 0x003 6b77312e',
      'the label of its private key was made for something else',
    ],
    [
      'CKA_LABEL withheld',
      'fail 0x003 0x12',
      'it cannot be examined: C_GetAttributeValue: CKR_ATTRIBUTE_TYPE_INVALID (0x12)',
    ],
    [
      'CKA_KEY_TYPE changed',
      'change 0x100 0000000000000000',
      'it cannot be examined: the public key in the HSM is of another type',
    ],
    [
      'CKA_EC_POINT withheld',
      'fail 0x181 0x12',
      'it cannot be examined: C_GetAttributeValue: CKR_ATTRIBUTE_TYPE_INVALID (0x12)',
    ],
    ['CKA_EC_POINT off the curve', `change 0x181 044104${'11'.repeat(64)}`, 'it cannot be examined:'],
  ])('%s', async (_, rule, sentence) => {
    hsm.shim.control([`C_GetAttributeValue ${rule} ${ofKey()}`]);
    const [proof, other] = await serve();
    expect(proof?.proven).toBe(false);
    expect(proof?.unproven[0]).toContain(sentence);
    expect(other).toMatchObject({ proven: true, unproven: [] });
    expect(await signing()).toEqual([false, true]);
  });

  it('an EC point of another key: the kid no longer fits', async () => {
    const { x, y } = neighbour.publicJwk as { x: string; y: string };
    const other = `044104${[x, y].map((part) => Buffer.from(part, 'base64url').toString('hex')).join('')}`;
    hsm.shim.control([`C_GetAttributeValue change 0x181 ${other} ${ofKey()}`]);
    const [proof] = await serve();
    expect(proof?.unproven).toEqual(['its public key is not the one its kid names']);
    expect(await signing()).toEqual([false, true]);
  });

  it('a key that cannot show it possesses its private half', async () => {
    // The registry's possession comes first, then the first key's.
    hsm.shim.control(['C_Sign flip at 2']);
    const [proof, other] = await serve();
    expect(proof).toMatchObject({
      proven: false,
      found: true,
      unproven: ['its signature does not verify with its public key'],
    });
    expect(other).toMatchObject({ proven: true });
    expect(await signing()).toEqual([false, true]);
  });

  it('without a registry key that is proven nothing serves', async () => {
    hsm.shim.control(['C_Sign flip at 1']);
    expect(await serve()).toMatchObject([{ proven: false }, { proven: false }]);
    expect(await signing()).toEqual([false, false]);
    expect(await serve()).toMatchObject([{ proven: true }, { proven: true }]);
  });

  it('an audit key that is not proven is looked for again with the next key', async () => {
    const audit = await makeAuditKey(hsm.environment, hsm.settings);
    hsm.shim.control([`C_GetAttributeValue change 0x162 01 id ${audit.hsmId}`]);
    const other = await hsm.openSigner({ auditKid: audit.kid });
    const run = { id: randomUUID(), publicKey: 'A'.repeat(43), startedAt: NOW };
    const certified = async () => {
      expect(await other.ask('serveAlso', [key.reference])).toMatchObject([{ proven: true }]);
      const input = composeRunCertificate(run, NOW, audit.kid);
      return (await other.ask('sign', [[audit.kid, input]]))[0];
    };
    expect(await certified()).toMatchObject({ code: 'key_unproven' });
    hsm.shim.control([]);
    expect(await certified()).toBeInstanceOf(Uint8Array);
    await other.stop();
  });

  it('is said at the highest level, once for each key', async () => {
    hsm.shim.control([`C_GetAttributeValue change 0x162 01 ${ofKey()}`]);
    await serve();
    expect(signer.logs).toMatchObject([
      {
        log: 'fatal',
        message: 'a key is not proven and does not serve',
        details: { kid: key.reference.kid, unproven: ['CKA_EXTRACTABLE is true and must be false'] },
      },
    ]);
  });

  it('also fails a new key, which then stays for its owner to discard', async () => {
    const made = specification('ES256');
    hsm.shim.control([`C_GetAttributeValue change 0x164 00 id ${made.hsmId}`]);
    expect(await signer.failing('generate', made)).toMatchObject({
      code: 'key_unproven',
      message: 'the new key is not proven: CKA_NEVER_EXTRACTABLE is false and must be true',
    });
    hsm.shim.control([]);
    expect(await objectsUnder(made.hsmId)).toBe(2);
    await signer.ask('discard', { hsmId: made.hsmId });
    expect(await objectsUnder(made.hsmId)).toBe(0);
  });

  it('also fails a new key whose halves bear another CKA_ID', async () => {
    const made = specification('ES256');
    hsm.shim.control([`C_GetAttributeValue change 0x102 ${'11'.repeat(16)} id ${made.hsmId}`]);
    expect(await signer.failing('generate', made)).toMatchObject({
      code: 'key_unproven',
      message: 'the new key is not proven: its halves bear another CKA_ID',
    });
  });
});

describe('an object whose class cannot be read', () => {
  const unreadable = async () => {
    const made = specification('ES256');
    const { kid } = await signer.ask('generate', made);
    hsm.shim.control([`C_GetAttributeValue fail 0x000 0x12 id ${made.hsmId}`]);
    return { made, key: { hsmId: made.hsmId, kid, bindingRecord: null } };
  };

  it('has its id already: no key is made under it', async () => {
    const { made } = await unreadable();
    expect(await signer.failing('generate', made)).toMatchObject({
      message: 'the HSM already holds an object of this id',
    });
    expect(await signer.ask('generate', specification('ES256'))).toMatchObject({ proof: { proven: true } });
  });

  it('is not taken for destroyed', async () => {
    const { key: unread } = await unreadable();
    expect(await signer.failing('destroy', unread)).toMatchObject({
      message: 'the HSM does not hold exactly one key under this id',
    });
    expect(await objectsUnder(unread.hsmId)).toBe(2);
    hsm.shim.control([]);
    await signer.ask('destroy', unread);
    expect(await objectsUnder(unread.hsmId)).toBe(0);
  });

  it('is discarded with the rest of what was cut short', async () => {
    const { key: unread } = await unreadable();
    await signer.ask('discard', unread);
    expect(await objectsUnder(unread.hsmId)).toBe(0);
  });

  it('leaves the key of its id unproven', async () => {
    const prove = async () =>
      (await signer.ask('prove', { key: key.reference, nonce: 'A'.repeat(43) })).proof;
    hsm.shim.control([`C_GetAttributeValue fail 0x000 0x12 ${ofKey()}`]);
    expect(await prove()).toMatchObject({
      proven: false,
      found: true,
      unproven: [
        'there are 2 private keys under its id, and there must be one',
        'there are 2 public keys under its id, and there must be one',
      ],
    });
    hsm.shim.control([]);
    expect(await prove()).toMatchObject({ proven: true });
  });
});

describe('what the token says of itself', () => {
  const opened = async () => {
    const fresh = startSigner(hsm.environment, hsm.settings);
    try {
      return await fresh.open();
    } finally {
      await fresh.stop();
    }
  };

  it.each([
    ['no limit', 0, 4],
    ['an unlimited number', 0xffffffff, 4],
    ['five', 5, 4],
    ['three', 3, 2],
    ['two', 2, 1],
  ])('sessions: %s', async (_, limit, sessions) => {
    hsm.shim.control([`C_GetTokenInfo sessions ${limit}`]);
    const before = hsm.shim.calls('C_OpenSession');
    expect(await opened()).toMatchObject({ sessions });
    expect(hsm.shim.calls('C_OpenSession') - before).toBe(sessions + 1);
  });

  it('one session is too few, and said before a PIN is tried', async () => {
    hsm.shim.control(['C_GetTokenInfo sessions 1']);
    const before = hsm.shim.calls('C_Login');
    await expect(opened()).rejects.toMatchObject({ failure: { code: 'hsm_refused' } });
    expect(hsm.shim.calls('C_Login')).toBe(before);
  });

  it('a mechanism that is not there takes its algorithm away, and no other', async () => {
    const all = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519', 'EdDSA'];
    expect(await opened()).toMatchObject({ algorithms: all });
    hsm.shim.control(['C_GetMechanismList drop 0x40']);
    expect(await opened()).toMatchObject({ algorithms: all.filter((name) => name !== 'RS256') });
    const made = specification('RS256');
    const fresh = await hsm.openSigner();
    expect(await fresh.failing('generate', made)).toMatchObject({
      code: 'algorithm_unavailable',
    });
    await fresh.stop();
  });
});
