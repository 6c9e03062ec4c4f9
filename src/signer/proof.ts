import { REQUIRED_ATTRIBUTES } from '../domain/key-attributes.ts';
import { CKA, isOfOneObject, type ObjectReader, reasonOf } from './attributes.ts';

type Name = keyof typeof REQUIRED_ATTRIBUTES & keyof typeof CKA;

export interface AttributeProof {
  readonly attributes: Readonly<Record<string, boolean | null>>;
  /** A sentence for each attribute that is not as it must be; none is a proof. */
  readonly unproven: readonly string[];
}

/** Reads each attribute by itself, and takes nothing for granted that was not read. */
export function proveAttributes(privateKey: ObjectReader): AttributeProof {
  const attributes: Record<string, boolean | null> = {};
  const unproven: string[] = [];
  for (const [name, required] of Object.entries(REQUIRED_ATTRIBUTES) as [Name, boolean][]) {
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
