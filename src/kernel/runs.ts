import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { auditDetailsIn } from './audit.ts';

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
type SealedChain = 'audit' | 'ledger';

/** An element of a chain, with the seal beside it. */
interface SealedElement {
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

/** A run as the database has it: its key counts as far as its certificate says so. */
export interface StoredRun extends RunDescription {
  /** Compact JWS by the audit key; null until the HSM has signed it. */
  readonly certificate: string | null;
}

/** The audit event that keeps a certificate a second time, so that a row which is taken away is made again. */
export const RUN_CERTIFIED = 'run.certified';
/** Its subject: these events are found by it. */
export const RUNS_SUBJECT = 'runs';

export interface RecordedCertificate {
  /** Of the audit event. */
  readonly sequence: number;
  readonly runId: string;
  /** Compact JWS, to be verified: nobody vouches for the event. */
  readonly certificate: string;
}

/** Undefined where the event does not name both. */
export function recordedCertificate(sequence: number, detailsJson: string): RecordedCertificate | undefined {
  const { run, certificate } = auditDetailsIn(detailsJson);
  if (typeof run !== 'string' || typeof certificate !== 'string') return undefined;
  return { sequence, runId: run, certificate };
}

export interface Runs {
  /** This process's own. */
  readonly own: StoredRun;
  /** `store_unavailable`. */
  certify(certificate: string): Promise<void>;
  /** The certificates that the audit trail keeps, in order. */
  certificates(): Promise<readonly RecordedCertificate[]>;
  /** Writes a run's row as it was; `why`, where given, is told as an event. `store_unavailable`. */
  repair(run: StoredRun, why?: string): Promise<void>;
  find(id: string): Promise<StoredRun | undefined>;
  all(): Promise<readonly StoredRun[]>;
}

/** An element of a chain, as far as its seal goes. */
export interface GroupSeal extends SealedElement {
  /** Null where no run sealed it. */
  readonly runId: string | null;
}

/** The runs whose seals count: this process's own, and those that the audit key has certified. */
export class TrustedRuns {
  readonly #runs: ReadonlyMap<string, RunPublicKey>;

  constructor(runs: readonly RunPublicKey[]) {
    this.#runs = new Map(runs.map((run) => [run.id, run]));
  }

  haveSealed(chain: SealedChain, element: GroupSeal): boolean {
    const run = element.runId === null ? undefined : this.#runs.get(element.runId);
    return run !== undefined && hasSealed(run, chain, element);
  }
}
