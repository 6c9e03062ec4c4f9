import { constants, type KeyObject, verify } from 'node:crypto';
import { ALGORITHMS, type Algorithm, type AlgorithmFacts } from '../domain/algorithm.ts';

/** Whether a signature over the signing input is right, by a public key of that algorithm. Never an error for its shape. */
export type SignatureCheck = (
  algorithm: Algorithm,
  publicKey: KeyObject,
  signingInput: string,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

type EcFacts = Extract<AlgorithmFacts, { kty: 'EC' }>;

/**
 * Whether the signature is right. `publicKey` must be a key of that algorithm, as `readPublicJwk` lets through.
 * Runs in the thread pool; a signature of any shape is true or false, never an error.
 */
export function verifySignature(
  algorithm: Algorithm,
  publicKey: KeyObject,
  signingInput: string,
  signature: Uint8Array,
): Promise<boolean> {
  if (!hasForm(algorithm, signature)) return Promise.resolve(false);
  const { hash, key } = parameters(algorithm, publicKey);
  return new Promise((resolve, reject) => {
    verify(hash, Buffer.from(signingInput), key, signature, (error, right) =>
      error ? reject(error) : resolve(right),
    );
  });
}

/** The same on the calling thread, without the cost of a job in the thread pool. */
export function verifySignatureSync(
  algorithm: Algorithm,
  publicKey: KeyObject,
  signingInput: string,
  signature: Uint8Array,
): boolean {
  if (!hasForm(algorithm, signature)) return false;
  const { hash, key } = parameters(algorithm, publicKey);
  return verify(hash, Buffer.from(signingInput), key, signature);
}

function parameters(algorithm: Algorithm, key: KeyObject) {
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  switch (facts.kty) {
    case 'EC':
      return { hash: facts.hash, key: { key, dsaEncoding: 'ieee-p1363' as const } };
    case 'RSA':
      return { hash: facts.hash, key: { key, ...RSA_PADDINGS[facts.padding] } };
    case 'OKP':
      return { hash: null, key: { key } };
  }
}

const RSA_PADDINGS = {
  pkcs1: { padding: constants.RSA_PKCS1_PADDING },
  // RFC 7518 §3.5: the salt is as long as the hash.
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
} as const;

function hasForm(algorithm: Algorithm, signature: Uint8Array): boolean {
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  if (facts.kty === 'RSA') return true;
  if (signature.length !== facts.signatureBytes) return false;
  return facts.kty === 'OKP' || bothInRange(signature, facts);
}

/** r and s in [1, n-1] (FIPS 186-5 §6.4.2). */
function bothInRange(signature: Uint8Array, { signatureBytes, order }: EcFacts): boolean {
  const half = signatureBytes / 2;
  return [signature.subarray(0, half), signature.subarray(half)].every((part) => {
    const number = BigInt(`0x${Buffer.from(part).toString('hex')}`);
    return number > 0n && number < order;
  });
}
