import { CKA, isOfOneObject, type ObjectReader, reasonOf } from './attributes.ts';

/** What a private key must be to serve (I7): born here, never out, sign-only, never to be changed or copied. */
const REQUIRED = {
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
} as const satisfies Partial<Record<keyof typeof CKA, boolean>>;

export interface AttributeProof {
  readonly attributes: Readonly<Record<string, boolean | null>>;
  /** A sentence for each attribute that is not as it must be; none is a proof. */
  readonly unproven: readonly string[];
}

/** Reads each attribute by itself, and takes nothing for granted that was not read. */
export function proveAttributes(privateKey: ObjectReader): AttributeProof {
  const attributes: Record<string, boolean | null> = {};
  const unproven: string[] = [];
  for (const [name, required] of Object.entries(REQUIRED) as [keyof typeof REQUIRED, boolean][]) {
    const { value, why } = read(privateKey, CKA[name]);
    attributes[`CKA_${name}`] = value;
    if (value === null) unproven.push(`CKA_${name} cannot be read (${why})`);
    else if (value !== required) unproven.push(`CKA_${name} is ${value} and must be ${required}`);
  }
  return { attributes, unproven };
}

function read(privateKey: ObjectReader, type: number): { value: boolean | null; why: string } {
  try {
    return { value: privateKey.boolean(type), why: '' };
  } catch (error) {
    if (!isOfOneObject(error)) throw error;
    return { value: null, why: reasonOf(error) };
  }
}
