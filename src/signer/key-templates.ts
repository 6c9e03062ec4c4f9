import graphene from 'graphene-pk11';
import type { KeySpecification } from '../kernel/signer.ts';
import { CKA } from './attributes.ts';
import type { Attribute } from './cryptoki.ts';
import { MECHANISMS } from './mechanisms.ts';
import type { Profile } from './profile.ts';

export interface KeyTemplates {
  readonly publicKey: readonly Attribute[];
  readonly privateKey: readonly Attribute[];
}

const { ObjectClass } = graphene;

/** Without any of these a key is none of ours, so they are never left out. */
const PRIVATE: Partial<Record<keyof typeof CKA, boolean>> = {
  TOKEN: true,
  PRIVATE: true,
  SENSITIVE: true,
  EXTRACTABLE: false,
  MODIFIABLE: false,
  COPYABLE: false,
  SIGN: true,
  SIGN_RECOVER: false,
  DECRYPT: false,
  UNWRAP: false,
  DERIVE: false,
};
const PUBLIC: typeof PRIVATE = { TOKEN: true, PRIVATE: false, VERIFY: true, MODIFIABLE: false };

/** A public key that could do more would harm nobody: left out where the module does not take it. */
const PUBLIC_OPTIONAL: typeof PRIVATE = {
  COPYABLE: false,
  ENCRYPT: false,
  WRAP: false,
  VERIFY_RECOVER: false,
};

/** The templates to offer one after the other, from the strictest, until the module takes one. */
export function keyTemplates(
  specification: KeySpecification,
  { offersOptional }: Pick<Profile, 'offersOptional'> = { offersOptional: true },
): KeyTemplates[] {
  const { algorithm, modulusBits } = specification;
  return MECHANISMS[algorithm]
    .keyParameters(modulusBits)
    .flatMap((parameters) => [
      ...(offersOptional ? [withOptional(specification, parameters)] : []),
      withoutOptional(specification, parameters),
    ]);
}

function withoutOptional(specification: KeySpecification, parameters: readonly Attribute[]): KeyTemplates {
  return {
    publicKey: [...common(specification, ObjectClass.PUBLIC_KEY), ...flags(PUBLIC), ...parameters],
    privateKey: [...common(specification, ObjectClass.PRIVATE_KEY), ...flags(PRIVATE)],
  };
}

function withOptional(specification: KeySpecification, parameters: readonly Attribute[]): KeyTemplates {
  const { publicKey, privateKey } = withoutOptional(specification, parameters);
  const { mechanism } = MECHANISMS[specification.algorithm].sign;
  const allowed = { type: CKA.ALLOWED_MECHANISMS, value: ulong(mechanism) };
  return {
    publicKey: [...publicKey, ...flags(PUBLIC_OPTIONAL)],
    privateKey: [...privateKey, allowed],
  };
}

function common({ hsmId, label, algorithm }: KeySpecification, objectClass: number): Attribute[] {
  return [
    { type: CKA.CLASS, value: objectClass },
    { type: CKA.KEY_TYPE, value: MECHANISMS[algorithm].keyType },
    { type: CKA.ID, value: Buffer.from(hsmId, 'hex') },
    { type: CKA.LABEL, value: label },
  ];
}

function flags(values: typeof PRIVATE): Attribute[] {
  const entries = Object.entries(values) as [keyof typeof CKA, boolean][];
  return entries.map(([name, value]) => ({ type: CKA[name], value }));
}

/** CK_ULONG of a 64-bit machine. */
function ulong(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(number));
  return bytes;
}
