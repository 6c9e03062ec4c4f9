/**
 * What a private key must be to serve (I7): born in the HSM, never out, sign-only, never to be changed or copied.
 * By PKCS#11 names, without `CKA_`.
 */
export const REQUIRED_ATTRIBUTES = {
  TOKEN: true,
  PRIVATE: true,
  LOCAL: true,
  SENSITIVE: true,
  ALWAYS_SENSITIVE: true,
  NEVER_EXTRACTABLE: true,
  EXTRACTABLE: false,
  MODIFIABLE: false,
  COPYABLE: false,
  SIGN: true,
  SIGN_RECOVER: false,
  DECRYPT: false,
  UNWRAP: false,
  DERIVE: false,
} as const satisfies Readonly<Record<string, boolean>>;

/** Attributes as they were read, by their PKCS#11 names; null where the module would not answer. */
export type AttributesRead = Readonly<Record<string, boolean | string | number | null>>;

export function areAsRequired(attributes: AttributesRead): boolean {
  return Object.entries(REQUIRED_ATTRIBUTES).every(
    ([name, required]) => attributes[`CKA_${name}`] === required,
  );
}
