import { constants, type KeyObject, verify } from 'node:crypto';
import { ALGORITHMS, type Algorithm, type AlgorithmFacts } from '../kernel/algorithm.ts';
import { ecdsaDer } from './ecdsa-der.ts';

/** Whether a signature over the signing input is right, by a public key of that algorithm. Never an error for its shape. */
export type SignatureCheck = (
  algorithm: Algorithm,
  publicKey: KeyObject,
  signingInput: string,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

type EcFacts = Extract<AlgorithmFacts, { kty: 'EC' }>;

const NODE_NAMES: Readonly<Record<EcFacts['crv'], string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' };

/** The orders of the curves, as long as r and s. */
const ORDERS: Readonly<Record<EcFacts['crv'], Buffer>> = {
  'P-256': orderOf(ALGORITHMS.ES256),
  'P-384': orderOf(ALGORITHMS.ES384),
};

/**
 * Whether the signature is right. `publicKey` must be a key of that algorithm, as `readPublicJwk` lets through.
 * Runs in the thread pool; a signature of any shape is true or false, never an error. jose would take a third more CPU
 * time on the hot path, and twice the time of the event loop (decision 104).
 */
export function verifySignature(
  algorithm: Algorithm,
  publicKey: KeyObject,
  signingInput: string,
  signature: Uint8Array,
): Promise<boolean> {
  const { hash, key, signature: given } = parameters(algorithm, publicKey, signature);
  if (!given) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(hash, Buffer.from(signingInput), key, given, (error, right) =>
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
  const { hash, key, signature: given } = parameters(algorithm, publicKey, signature);
  return given !== undefined && verify(hash, Buffer.from(signingInput), key, given);
}

/** As OpenSSL takes them; no signature where it has not the form of its algorithm. */
function parameters(algorithm: Algorithm, key: KeyObject, signature: Uint8Array) {
  const facts: AlgorithmFacts = ALGORITHMS[algorithm];
  switch (facts.kty) {
    case 'EC':
      return {
        hash: facts.hash,
        key,
        // By the key's own length, Node would read two others of a signature for another curve.
        signature: isOnCurve(key, facts) ? ecdsaDer(signature, ORDERS[facts.crv]) : undefined,
      };
    case 'RSA':
      return { hash: facts.hash, key: { key, ...RSA_PADDINGS[facts.padding] }, signature };
    case 'OKP':
      return {
        hash: null,
        key,
        signature: signature.length === facts.signatureBytes ? signature : undefined,
      };
  }
}

const RSA_PADDINGS = {
  pkcs1: { padding: constants.RSA_PKCS1_PADDING },
  // RFC 7518 §3.5: the salt is as long as the hash.
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
} as const;

function isOnCurve(key: KeyObject, { crv }: EcFacts): boolean {
  return key.asymmetricKeyDetails?.namedCurve === NODE_NAMES[crv];
}

function orderOf({ order, signatureBytes }: EcFacts): Buffer {
  return Buffer.from(order.toString(16).padStart(signatureBytes, '0'), 'hex');
}
