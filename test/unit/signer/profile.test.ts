import { expect, it } from 'vitest';
import { CKA } from '../../../src/signer/attributes.ts';
import { keyTemplates } from '../../../src/signer/generate.ts';
import { profileOf } from '../../../src/signer/module.ts';

const SPECIFICATION = { hsmId: '00', label: 'kw1.x', algorithm: 'ES256', modulusBits: null } as const;
/** Without them a key could leave the HSM, change or be copied. */
const SECURITY = [
  CKA.SENSITIVE,
  CKA.EXTRACTABLE,
  CKA.MODIFIABLE,
  CKA.COPYABLE,
  CKA.SIGN,
  CKA.DERIVE,
] as const;

it.each([
  ['NSS', 'Mozilla Foundation              ', 'NSS Internal Crypto Services    ', 1],
  ['tpm2-pkcs11', 'tpm2-software.github.io', 'TPM2.0 Cryptoki', 1],
  ['opencryptoki', 'IBM', 'openCryptoki', 2],
  ['unknown', 'SoftHSM', 'Implementation of PKCS11', 2],
  ['unknown', '', '', 2],
])(
  '%s is known by what its module says, and drops nothing that protects a key',
  (name, maker, text, offers) => {
    const profile = profileOf({ manufacturerID: maker, libraryDescription: text });
    expect(profile.name).toBe(name);
    const templates = keyTemplates(SPECIFICATION, profile);
    expect(templates).toHaveLength(offers);
    for (const { privateKey } of templates) {
      const types = privateKey.map(({ type }) => type);
      expect(types).toEqual(expect.arrayContaining([...SECURITY]));
    }
    const optional = templates.flatMap(({ privateKey }) => privateKey.map(({ type }) => type));
    expect(optional.includes(CKA.ALLOWED_MECHANISMS)).toBe(offers === 2);
  },
);
