import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ALGORITHM_NAMES, isRsa } from '../../../src/kernel/algorithm.ts';
import { CKA } from '../../../src/signer/attributes.ts';
import { keyTemplates } from '../../../src/signer/generate.ts';
import { algorithmsOf, MECHANISMS } from '../../../src/signer/mechanisms.ts';

const CKM = { RSA_GEN: 0x0, SHA256_RSA: 0x40, SHA256_RSA_PSS: 0x43, EC_GEN: 0x1040, ECDSA: 0x1041 };
const CKM_EDWARDS_GEN = 0x1055;
const CKM_EDDSA = 0x1057;

describe('the algorithms of a token', () => {
  it.each([
    ['none', [], []],
    ['those of EC', [CKM.EC_GEN, CKM.ECDSA], ['ES256', 'ES384']],
    ['none that it can sign with and not make', [CKM.ECDSA, CKM.SHA256_RSA], []],
    ['RS256 without PS256', [CKM.RSA_GEN, CKM.SHA256_RSA], ['RS256']],
    ['PS256 without RS256', [CKM.RSA_GEN, CKM.SHA256_RSA_PSS], ['PS256']],
    ['both names of Ed25519', [CKM_EDWARDS_GEN, CKM_EDDSA], ['Ed25519', 'EdDSA']],
  ])('are %s', (_, mechanisms, algorithms) => {
    expect(algorithmsOf(mechanisms)).toEqual(algorithms);
  });
});

describe('what the module is given to sign', () => {
  it.each([
    ['ES256', 'sha256'],
    ['ES384', 'sha384'],
  ] as const)('%s: the digest', (algorithm, hash) => {
    expect(MECHANISMS[algorithm].inputOf('a.b')).toEqual(createHash(hash).update('a.b').digest());
  });

  it.each(['RS256', 'PS256', 'Ed25519', 'EdDSA'] as const)('%s: a buffer of its own', (algorithm) => {
    const input = MECHANISMS[algorithm].inputOf('a.b');
    expect(input.toString()).toBe('a.b');
    expect(input.buffer.byteLength).toBe(3);
  });

  it('PS256: hash, mask and a salt as long as the hash (RFC 7518 §3.5)', () => {
    const CKM_SHA256 = 0x250;
    const CKG_MGF1_SHA256 = 2;
    expect(MECHANISMS.PS256.sign.parameter).toMatchObject({
      hashAlg: CKM_SHA256,
      mgf: CKG_MGF1_SHA256,
      saltLen: 32,
    });
  });
});

describe('the templates of a key', () => {
  const templates = ALGORITHM_NAMES.flatMap((algorithm) =>
    keyTemplates({
      hsmId: '00'.repeat(16),
      label: 'kw1.any',
      algorithm,
      modulusBits: isRsa(algorithm) ? 3072 : null,
    }).map((template) => ({ algorithm, template })),
  );

  it.each(templates)('$algorithm: none leaves out what makes the key ours', ({ template }) => {
    const values = new Map(template.privateKey.map(({ type, value }) => [type, value]));
    expect(
      [
        [CKA.TOKEN, true],
        [CKA.PRIVATE, true],
        [CKA.SENSITIVE, true],
        [CKA.EXTRACTABLE, false],
        [CKA.MODIFIABLE, false],
        [CKA.COPYABLE, false],
        [CKA.SIGN, true],
        [CKA.SIGN_RECOVER, false],
        [CKA.DECRYPT, false],
        [CKA.UNWRAP, false],
        [CKA.DERIVE, false],
        [CKA.LABEL, 'kw1.any'],
      ].filter(([type, value]) => values.get(type as number) !== value),
    ).toEqual([]);
  });

  it('offer both writings of the Ed25519 curve, each with and without what is optional', () => {
    const offered = templates.filter(({ algorithm }) => algorithm === 'Ed25519');
    const curves = offered.map(
      ({ template }) => template.publicKey.find(({ type }) => type === CKA.EC_PARAMS)?.value,
    );
    const [printable, oid] = ['130c656477617264733235353139', '06032b6570'].map((der) =>
      Buffer.from(der, 'hex'),
    );
    expect(curves).toEqual([printable, printable, oid, oid]);
    const restricted = offered.map(({ template }) =>
      template.privateKey.some(({ type }) => type === CKA.ALLOWED_MECHANISMS),
    );
    expect(restricted).toEqual([true, false, true, false]);
  });
});
