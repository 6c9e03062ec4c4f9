import { join } from 'node:path';
import { z } from 'zod';
import { checkpointDigest } from '../../token/checkpoint.ts';
import { parseToken } from '../../token/parse-token.ts';
import { refuse, requireThat } from '../guard.ts';
import type { SignerSettings } from '../settings.ts';
import { KeyRecords, KeySetVersions, keyRecordSchema, keySetVersionSchema } from './key-records.ts';
import { StateFile, type StateLock } from './state-file.ts';
import { KEY_SETS, KEYS, lockIn, refuseFormerFiles, SEALED } from './state-folder.ts';
import { StateLog } from './state-log.ts';

/** The last of each that this signer signed, as compact JWS. */
const statement = z
  .string()
  .refine((jws) => parseToken(jws).ok, 'is no compact JWS')
  .nullable();

const sealedSchema = z.strictObject({
  checkpoint: statement,
  head: statement,
  /** The head is of a state that was lost: nobody knows whether it was the last. */
  isHeadLearned: z.literal(true).optional(),
});

type StoredSealed = z.infer<typeof sealedSchema>;
export type Sealed = Pick<StoredSealed, 'checkpoint' | 'head'>;
type Claims = Readonly<Record<string, unknown>>;

interface Statement {
  readonly jws: string;
  readonly signingInput: string;
  readonly signature: Buffer;
  readonly claims: Claims;
}

const NOTHING: StoredSealed = { checkpoint: null, head: null };
const NUMBERS = { checkpoint: 'number', head: 'version' } as const;

/** How far the next version may be behind a head that was learned: no sink tells of more that a backup lacks. */
const LONGEST_STEP = 1_000_000;

/** What the signer sealed goes upward alone, one by one: neither number nor version is ever given twice. */
export class SealedRecord {
  readonly #file: StateFile<StoredSealed>;

  constructor(file: StateFile<StoredSealed>) {
    this.#file = file;
  }

  last(): Sealed {
    const { checkpoint, head } = this.#file.read() ?? NOTHING;
    return { checkpoint, head };
  }

  /** Before it is sealed: takes the lock. The signature that this very input has got already; `hsm_unavailable`. */
  signatureOf(kind: keyof Sealed, signingInput: string): Buffer | undefined {
    this.#file.lock.take();
    const last = this.#statement(kind);
    return last?.signingInput === signingInput ? last.signature : undefined;
  }

  requireNextCheckpoint({ number, previous }: Claims): void {
    const last = this.#statement('checkpoint');
    if (!last) return;
    requireThat(
      number === Number(last.claims.number) + 1,
      'its number does not follow that of the last checkpoint',
    );
    requireThat(
      previous === checkpointDigest(last.jws).toString('base64url'),
      'its previous is not the digest of the last checkpoint',
    );
  }

  /**
   * Of a head, and of the rows that come with it. Behind a head that was learned, versions may be left out: those
   * that an audit sink tells of, and the restored database that it was learned from lacks.
   */
  requireNextVersion({ version }: Claims): void {
    const last = this.#statement('head');
    if (!last) return;
    const step = Number(version) - Number(last.claims.version);
    const longest = this.#file.read()?.isHeadLearned ? LONGEST_STEP : 1;
    requireThat(
      step >= 1 && step <= longest,
      'its version does not follow that of the last head of the registry',
    );
  }

  keep(kind: keyof Sealed, jws: string): void {
    this.#put(kind, jws, false);
  }

  /**
   * Takes a verified statement where it is beyond what is known: after the state was lost, or where another signer has the
   * same key. Answers whether it was.
   */
  learn(kind: keyof Sealed, jws: string): boolean {
    if (!this.#isBeyond(kind, jws)) return false;
    this.#file.lock.take();
    if (!this.#isBeyond(kind, jws)) return false;
    this.#put(kind, jws, true);
    return true;
  }

  #isBeyond(kind: keyof Sealed, jws: string): boolean {
    const member = NUMBERS[kind];
    const last = this.#statement(kind);
    if (!last) return true;
    const { claims, signingInput } = read(jws);
    const step = Number(claims[member]) - Number(last.claims[member]);
    // Another signer's checkpoint of that number was committed, and this one's never will be.
    const isInstead = kind === 'checkpoint' && step === 0 && signingInput !== last.signingInput;
    return step > 0 || isInstead;
  }

  /** In one write: a head that was learned is never taken for one of this signer's own. */
  #put(kind: keyof Sealed, jws: string, isLearned: boolean): void {
    this.#file.change(({ isHeadLearned, ...now } = NOTHING) => {
      const isStillLearned = kind === 'head' ? isLearned : isHeadLearned;
      return { ...now, [kind]: jws, ...(isStillLearned ? { isHeadLearned: true } : {}) };
    });
  }

  #statement(kind: keyof Sealed): Statement | undefined {
    const jws = this.last()[kind];
    return jws === null ? undefined : read(jws);
  }
}

function read(jws: string): Statement {
  const parsed = parseToken(jws);
  if (!parsed.ok) refuse(`the statement is malformed: ${parsed.problem}`);
  const { signingInput, claims, signature } = parsed.token;
  return { jws, signingInput, claims, signature };
}

/** What one HSM token's signer remembers of what it did, across restarts. */
export interface SignerState {
  /** The files that are not there: all of a new token, or those that were lost. */
  readonly missing: readonly string[];
  /** To be taken before anything is read that a change depends on. */
  readonly lock: StateLock;
  readonly keys: KeyRecords;
  readonly sealed: SealedRecord;
  readonly keySets: KeySetVersions;
}

/**
 * A folder for each token, by its serial: a new token begins with no state. `invalid_config` for files that are damaged,
 * or of an earlier version.
 */
export function openState({
  stateDir,
  tokenSerial,
}: Pick<SignerSettings, 'stateDir' | 'tokenSerial'>): SignerState {
  const folder = join(stateDir, `token-${encodeURIComponent(tokenSerial)}`);
  refuseFormerFiles(folder);
  const lock = lockIn(folder);
  const keys = new StateLog(join(folder, KEYS), keyRecordSchema, lock);
  const sealed = new StateFile(join(folder, SEALED), sealedSchema, lock);
  const sets = new StateLog(join(folder, KEY_SETS), keySetVersionSchema, lock);
  const found = { [KEYS]: keys.exists, [SEALED]: sealed.read() !== undefined, [KEY_SETS]: sets.exists };
  return {
    missing: Object.entries(found).flatMap(([name, isThere]) => (isThere ? [] : [name])),
    lock,
    keys: new KeyRecords(keys),
    sealed: new SealedRecord(sealed),
    keySets: new KeySetVersions(sets),
  };
}
