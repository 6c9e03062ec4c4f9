/**
 * Everything JOSE needs to know of a signature algorithm, in one table (RFC 7518, RFC 8037, RFC 9864).
 * The PKCS#11 side of the same algorithms stands in `signer/mechanisms.ts`; both tables must be complete to
 * compile.
 */
export type Algorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'Ed25519' | 'EdDSA';

export type AlgorithmFacts =
  | { kty: 'EC'; crv: 'P-256' | 'P-384'; hash: 'sha256' | 'sha384'; signatureBytes: number; order: bigint }
  | { kty: 'RSA'; padding: 'pkcs1' | 'pss'; hash: 'sha256' }
  | { kty: 'OKP'; crv: 'Ed25519'; signatureBytes: 64 };

const ED25519 = { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 } as const;

export const ALGORITHMS = {
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    hash: 'sha256',
    signatureBytes: 64,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  ES384: {
    kty: 'EC',
    crv: 'P-384',
    hash: 'sha384',
    signatureBytes: 96,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  RS256: { kty: 'RSA', padding: 'pkcs1', hash: 'sha256' },
  PS256: { kty: 'RSA', padding: 'pss', hash: 'sha256' },
  // One signature scheme under two names: RFC 9864's, and the older one that more verifiers know.
  Ed25519: ED25519,
  EdDSA: ED25519,
} as const satisfies Record<Algorithm, AlgorithmFacts>;

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as Algorithm[];
export const DEFAULT_ALGORITHM: Algorithm = 'ES256';

/** RSA modulus lengths a scope may ask for, in bits; the first is the default. */
export const MODULUS_BITS = [2048, 3072, 4096] as const;
export type ModulusBits = (typeof MODULUS_BITS)[number];

const byName = new Map<string, Algorithm>(ALGORITHM_NAMES.map((name) => [name, name]));

/** The algorithm of that exact name, or undefined: safe for names that come from outside. */
export function algorithmNamed(name: string): Algorithm | undefined {
  return byName.get(name);
}

export function isRsa(algorithm: Algorithm): boolean {
  return ALGORITHMS[algorithm].kty === 'RSA';
}
