import { createHash } from 'node:crypto';
import pkcs11js from 'pkcs11js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scopeLabel } from '../../src/kernel/scope.ts';
import type { KeyProof, KeyReference } from '../../src/kernel/signer.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { readPublicJwk, thumbprint } from '../../src/token/public-jwk.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import {
  bindingOf,
  claimsOf,
  MAIL,
  makeRegistryKey,
  NOW,
  newHsmId,
  PAYMENTS,
  type Provisioned,
  provision,
  signingInputOf,
} from '../support/provisioned-token.ts';
import { type SignerProcess, startSigner } from '../support/signer-process.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';

const { CKA_DECRYPT, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY } = pkcs11js;
const COPYABLE = 0x171;

let hsm: SoftHsm;
let registry: { kid: string; hsmId: string };
let workbench: Workbench;
let signer: SignerProcess;
let honest: Provisioned;

beforeAll(async () => {
  hsm = await createSoftHsm();
  registry = await makeRegistryKey(hsm.environment, hsm.settings);
  workbench = await openWorkbench(hsm);
  signer = startSigner(hsm.environment, { ...hsm.settings, registryKid: registry.kid });
  await signer.open();
  honest = await provision(signer, registry.kid, PAYMENTS);
});

afterAll(async () => {
  await signer.stop();
  await workbench.stop();
  hsm.remove();
});

/**
 * A binding record for whatever lies under the id, signed past the signer by somebody with the PIN: read-back
 * must not depend on nobody having been able to sign one.
 */
async function bind(hsmId: string, scope = PAYMENTS): Promise<KeyReference> {
  const [point = Buffer.alloc(0)] = await workbench.points(hsmId);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const kid = thumbprint(readPublicJwk({ kty: 'EC', crv: 'P-256', x, y }));
  const record = composeBindingRecord(
    bindingOf(scope, { kid, hsmId, algorithm: 'ES256' }),
    registry.kid,
    NOW,
  );
  const signature = await workbench.sign(registry.hsmId, createHash('sha256').update(record).digest());
  return { kid, hsmId, bindingRecord: `${record}.${signature.toString('base64url')}` };
}

/** Serves the key beside the honest one, which must go on signing; answers what was proven of it. */
async function proofBeside({ kid, hsmId, bindingRecord }: KeyReference): Promise<KeyProof | undefined> {
  const proofs = await signer.ask('serve', [
    { kid, hsmId, bindingRecord },
    { kid: honest.kid, hsmId: honest.hsmId, bindingRecord: honest.bindingRecord },
  ]);
  const input = signingInputOf(honest.binding, claimsOf(PAYMENTS));
  const foreign = signingInputOf({ kid, algorithm: 'ES256' }, claimsOf(PAYMENTS));
  const outcomes = await signer.ask('sign', [
    [honest.kid, input],
    [kid, foreign],
  ]);
  expect(outcomes[0]).toBeInstanceOf(Uint8Array);
  expect(outcomes[1] instanceof Uint8Array).toBe(proofs[0]?.proven);
  return proofs[0];
}

const criticalLine = (kid: string) =>
  signer.logs.find(({ log, details }) => log === 'fatal' && details.kid === kid);

describe('I7: keys that somebody with the PIN put into the token', () => {
  it('serves one that is as Keyward would have made it', async () => {
    const named = { hsmId: newHsmId(), label: scopeLabel(PAYMENTS) };
    await workbench.generate(named);
    const key = await bind(named.hsmId);
    expect(await proofBeside(key)).toMatchObject({ proven: true, unproven: [] });
    expect(criticalLine(key.kid)).toBeUndefined();
  });

  it.each<[string, Record<number, boolean>, string]>([
    ['is extractable', { [CKA_EXTRACTABLE]: true }, 'CKA_EXTRACTABLE is true and must be false'],
    ['may decrypt', { [CKA_DECRYPT]: true }, 'CKA_DECRYPT is true and must be false'],
    ['can be modified', { [CKA_MODIFIABLE]: true }, 'CKA_MODIFIABLE is true and must be false'],
    ['can be copied', { [COPYABLE]: true }, 'CKA_COPYABLE is true and must be false'],
  ])('refuses one that %s, with a critical line, and the other serves', async (_, changes, why) => {
    const named = { hsmId: newHsmId(), label: scopeLabel(PAYMENTS) };
    await workbench.generate(named, changes);
    const key = await bind(named.hsmId);
    const proof = await proofBeside(key);
    expect(proof).toMatchObject({ proven: false, found: true });
    expect(proof?.unproven).toContain(why);
    expect(criticalLine(key.kid)).toMatchObject({
      message: 'a key is not proven and does not serve',
      details: { hsmId: named.hsmId, unproven: proof?.unproven },
    });
  });

  it('refuses one that was born outside and imported', async () => {
    const named = { hsmId: newHsmId(), label: scopeLabel(PAYMENTS) };
    await workbench.importKey(named);
    const proof = await proofBeside(await bind(named.hsmId));
    expect(proof?.attributes).toMatchObject({ CKA_SENSITIVE: true, CKA_EXTRACTABLE: false });
    expect(proof?.unproven).toEqual([
      'CKA_LOCAL is false and must be true',
      'CKA_ALWAYS_SENSITIVE is false and must be true',
      'CKA_NEVER_EXTRACTABLE is false and must be true',
    ]);
  });
});

describe('I1: keys and records that do not fit each other', () => {
  it('refuses a key whose label was made for another scope', async () => {
    const named = { hsmId: newHsmId(), label: scopeLabel(MAIL) };
    await workbench.generate(named);
    const proof = await proofBeside(await bind(named.hsmId, PAYMENTS));
    expect(proof?.unproven).toEqual([
      'the label of its private key was made for something else',
      'the label of its public key was made for something else',
    ]);
  });

  it('refuses a record that stands beside another key', async () => {
    const other = await provision(signer, registry.kid, PAYMENTS);
    const proof = await proofBeside({ ...other, bindingRecord: honest.bindingRecord });
    expect(proof).toMatchObject({ proven: false, unproven: ['its binding record is that of another key'] });
  });

  it('refuses a record that points at another object', async () => {
    const [other, second] = [
      await provision(signer, registry.kid, PAYMENTS),
      await provision(signer, registry.kid, PAYMENTS),
    ];
    const proof = await proofBeside({ ...other, hsmId: second.hsmId });
    expect(proof?.unproven).toEqual(['its binding record names another object of the HSM']);
  });

  it('refuses a record that the registry key did not sign', async () => {
    const other = await provision(signer, registry.kid, PAYMENTS);
    const [head, claims] = other.bindingRecord.split('.');
    const forged = `${head}.${claims}.${Buffer.alloc(64, 1).toString('base64url')}`;
    const proof = await proofBeside({ ...other, bindingRecord: forged });
    expect(proof?.unproven).toEqual(['the binding record has a wrong signature']);
  });
});

describe('an id that names no single key', () => {
  it('refuses two public halves under it', async () => {
    const key = await provision(signer, registry.kid, PAYMENTS);
    await workbench.addPublicKey({ hsmId: key.hsmId, label: scopeLabel(PAYMENTS) });
    expect(await proofBeside(key)).toMatchObject({
      proven: false,
      found: true,
      unproven: ['there are 2 public keys under its id, and there must be one'],
    });
    expect(await signer.failing('destroy', key)).toMatchObject({
      code: 'hsm_refused',
      message: 'the HSM does not hold exactly one key under this id',
    });
  });

  it('refuses two pairs under it', async () => {
    const key = await provision(signer, registry.kid, PAYMENTS);
    await workbench.generate({ hsmId: key.hsmId, label: scopeLabel(PAYMENTS) });
    expect((await proofBeside(key))?.unproven).toEqual([
      'there are 2 private keys under its id, and there must be one',
      'there are 2 public keys under its id, and there must be one',
    ]);
  });

  it('says that it found nothing where a half is gone, since an outage may look so', async () => {
    const key = await provision(signer, registry.kid, PAYMENTS);
    await workbench.destroy(key.hsmId, CKO_PRIVATE_KEY);
    expect(await proofBeside(key)).toMatchObject({
      proven: false,
      found: false,
      unproven: ['there are 0 private keys under its id, and there must be one'],
    });
  });

  it('finishes the destruction of a key whose private half is gone already', async () => {
    const key = await provision(signer, registry.kid, PAYMENTS);
    await workbench.destroy(key.hsmId, CKO_PRIVATE_KEY);
    await signer.ask('destroy', key);
    expect(await workbench.count(key.hsmId, CKO_PUBLIC_KEY)).toBe(0);
  });

  it('discards the half that a generation left, and nothing with a label of others', async () => {
    const half = await provision(signer, registry.kid, PAYMENTS);
    for (const objectClass of [CKO_PRIVATE_KEY, CKO_PUBLIC_KEY])
      await workbench.destroy(half.hsmId, objectClass);
    await workbench.addPublicKey({ hsmId: half.hsmId, label: '' });
    await signer.ask('discard', half);
    expect(await workbench.count(half.hsmId, CKO_PUBLIC_KEY)).toBe(0);
    const theirs = { hsmId: newHsmId(), label: 'backup' };
    await workbench.addPublicKey(theirs);
    expect(await signer.failing('discard', theirs)).toMatchObject({
      code: 'hsm_refused',
      message: 'the object of this id is not one of ours',
    });
    const nameless = { hsmId: newHsmId(), label: '' };
    await workbench.addPublicKey(nameless);
    expect(await signer.failing('discard', nameless)).toMatchObject({
      code: 'hsm_refused',
      message: 'the signer did not make the object of this id',
    });
    for (const { hsmId } of [theirs, nameless]) {
      expect(await workbench.count(hsmId, CKO_PUBLIC_KEY)).toBe(1);
    }
  });
});
