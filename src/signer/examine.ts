import { randomBytes } from 'node:crypto';
import type { Algorithm } from '../kernel/algorithm.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';
import { verifySignatureSync } from '../token/signature.ts';
import { CKA, isOfOneObject, ObjectReader, reasonOf } from './attributes.ts';
import type { Cryptoki, Handle } from './cryptoki.ts';
import { type LiveKey, signatureBytesOf, signNow } from './live-key.ts';
import { MECHANISMS } from './mechanisms.ts';
import type { KeyPairHandles } from './objects.ts';
import { type AttributeProof, proveAttributes } from './proof.ts';
import { readPublicKey } from './public-key.ts';
import type { Session } from './session-pool.ts';

/** What a key is expected to be. Where no `kid` is known yet, any is right. */
export interface Expected {
  readonly hsmId: string;
  readonly label: string;
  readonly algorithm: Algorithm;
  readonly kid: string | null;
}

export interface Examination extends AttributeProof {
  /** The key, if nothing about it is unproven. */
  readonly key: LiveKey | null;
  /** False where the HSM does not show both halves, or would not answer for them. */
  readonly found: boolean;
}

/**
 * Holds the objects under one id against what they should be: exactly one of each half, the label (I1), the
 * public key, every attribute (I7), and a signature that the public key verifies.
 */
export function examine(
  cryptoki: Cryptoki,
  session: Session,
  halves: KeyPairHandles,
  expected: Expected,
): Examination {
  const [privateKey, publicKey] = [halves.privateKeys[0], halves.publicKeys[0]];
  const counts = wrongCounts(halves);
  if (!privateKey || !publicKey || counts.length > 0) {
    return { attributes: {}, unproven: counts, key: null, found: Boolean(privateKey && publicKey) };
  }
  try {
    return examinePair(cryptoki, session, { privateKey, publicKey }, expected);
  } catch (error) {
    if (!isOfOneObject(error)) throw error;
    const unproven = [`it cannot be examined: ${reasonOf(error)}`];
    return { attributes: {}, unproven, key: null, found: error instanceof KeywardError };
  }
}

function wrongCounts({ privateKeys, publicKeys }: KeyPairHandles): string[] {
  const halves = [
    ['private', privateKeys.length],
    ['public', publicKeys.length],
  ] as const;
  return halves
    .filter(([, count]) => count !== 1)
    .map(([half, count]) => `there are ${count} ${half} keys under its id, and there must be one`);
}

function examinePair(
  cryptoki: Cryptoki,
  session: Session,
  handles: { privateKey: Handle; publicKey: Handle },
  expected: Expected,
): Examination {
  const read = (object: Handle) => new ObjectReader(cryptoki, session.handle, object);
  const [privateKey, publicKey] = [read(handles.privateKey), read(handles.publicKey)];
  const { attributes, unproven } = proveAttributes(privateKey);
  const publicJwk = readPublicKey(publicKey, expected.algorithm);
  const flaws = [...mismatches(privateKey, publicKey, publicJwk, expected), ...unproven];
  if (flaws.length > 0) return { attributes, unproven: flaws, key: null, found: true };
  const key = liveKey(expected, handles.privateKey, publicJwk);
  if (possesses(cryptoki, session, key)) return { attributes, unproven: [], key, found: true };
  const possession = 'its signature does not verify with its public key';
  return { attributes, unproven: [possession], key: null, found: true };
}

function mismatches(
  privateKey: ObjectReader,
  publicKey: ObjectReader,
  publicJwk: PublicJwk,
  { label, algorithm, kid }: Expected,
): string[] {
  const checks: readonly (readonly [holds: boolean, flaw: string])[] = [
    [privateKey.text(CKA.LABEL) === label, 'the label of its private key was made for something else'],
    [publicKey.text(CKA.LABEL) === label, 'the label of its public key was made for something else'],
    [privateKey.number(CKA.KEY_TYPE) === MECHANISMS[algorithm].keyType, 'its private key is of another type'],
    [kid === null || thumbprint(publicJwk) === kid, 'its public key is not the one its kid names'],
  ];
  return checks.filter(([holds]) => !holds).map(([, flaw]) => flaw);
}

function liveKey({ hsmId, algorithm }: Expected, privateKey: Handle, publicJwk: PublicJwk): LiveKey {
  return {
    kid: thumbprint(publicJwk),
    hsmId,
    algorithm,
    privateKey,
    publicJwk,
    publicKey: importPublicKey(publicJwk),
    signatureBytes: signatureBytesOf(algorithm, publicJwk),
  };
}

/** The text is ours, and no signing input: what comes of it can never be taken for a token. */
function possesses(cryptoki: Cryptoki, session: Session, key: LiveKey): boolean {
  const nonce = `keyward possession ${randomBytes(32).toString('hex')}`;
  return verifySignatureSync(key.algorithm, key.publicKey, nonce, signNow(cryptoki, session, key, nonce));
}
