import type pkcs11js from 'pkcs11js';

/** How a module is to be treated whose ways are known (PKCS11.md rule 11). */
export interface Profile {
  readonly name: string;
  /**
   * Whether attributes that a key can do without are offered at all. A module that answers an attribute it does not know
   * with an error that says nothing of the template cannot be asked; without the others no key is made anywhere.
   */
  readonly offersOptional: boolean;
}

const UNKNOWN: Profile = { name: 'unknown', offersOptional: true };

const KNOWN: readonly (Profile & { readonly says: RegExp })[] = [
  // An unknown attribute of an object on the token is CKR_GENERAL_ERROR.
  { name: 'NSS', says: /^Mozilla Foundation\b|\bNSS\b/, offersOptional: false },
  { name: 'tpm2-pkcs11', says: /^tpm2-software\b|\bTPM2\.0 Cryptoki\b/, offersOptional: false },
  { name: 'opencryptoki', says: /\bopenCryptoki\b/i, offersOptional: true },
];

/** By what the module says of itself. */
export function profileOf(info: Pick<pkcs11js.ModuleInfo, 'manufacturerID' | 'libraryDescription'>): Profile {
  const { manufacturerID, libraryDescription } = info;
  const texts = [manufacturerID.trim(), libraryDescription.trim()];
  return KNOWN.find(({ says }) => texts.some((text) => says.test(text))) ?? UNKNOWN;
}
