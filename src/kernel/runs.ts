import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';

/**
 * A key pair of one run of the service. The private half lives in this process alone, so a seal shows that the
 * service wrote what it covers: whoever writes to the database cannot make one.
 */
export interface RunKey extends RunDescription {
  readonly privateKey: KeyObject;
}

export interface RunDescription extends RunPublicKey {
  /** Seconds since the epoch. */
  readonly startedAt: number;
}

export interface RunPublicKey {
  readonly id: string;
  /** Ed25519, 32 bytes in base64url. */
  readonly publicKey: string;
  /** The last element of each chain that its seals count for; without it, for any. */
  readonly until?: Readonly<Record<SealedChain, number>>;
}

/** The chains whose elements are sealed one by one. */
export type SealedChain = 'audit' | 'ledger';

/** An element of a chain, with the seal beside it. */
export interface SealedElement {
  readonly sequence: number;
  readonly hash: Uint8Array;
  readonly seal: Uint8Array | null;
}

/** Whether the run sealed that element, and its seals count that far. */
export function hasSealed(run: RunPublicKey, chain: SealedChain, element: SealedElement): boolean {
  const { sequence, hash, seal } = element;
  const counts = sequence <= (run.until?.[chain] ?? Number.POSITIVE_INFINITY);
  return counts && seal !== null && verifySeal(run, chain, hash, seal);
}

const TAG = 'keyward-seal-v1';

export function createRunKey(startedAt: number): RunKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return { id: randomUUID(), publicKey: x, privateKey, startedAt };
}

/** Ed25519 over the chain's name, the run and the 32 bytes of an element's hash; 64 bytes. */
export function sealHash(
  { id, privateKey }: Pick<RunKey, 'id' | 'privateKey'>,
  chain: SealedChain,
  hash: Uint8Array,
): Buffer {
  return sign(null, sealText(id, chain, hash), privateKey);
}

/** False also for a public key that is none. */
export function verifySeal(
  run: RunPublicKey,
  chain: SealedChain,
  hash: Uint8Array,
  seal: Uint8Array,
): boolean {
  try {
    return verify(null, sealText(run.id, chain, hash), keyOf(run), seal);
  } catch {
    return false;
  }
}

/** Imported once: that takes a third of what a check takes. */
const keys = new WeakMap<RunPublicKey, KeyObject>();

function keyOf(run: RunPublicKey): KeyObject {
  const known = keys.get(run);
  if (known) return known;
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: run.publicKey } });
  keys.set(run, key);
  return key;
}

function sealText(id: string, chain: SealedChain, hash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${TAG}\0${chain}\0${id}\0`), hash]);
}
