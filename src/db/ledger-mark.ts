import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AUDIT_GENESIS, type ChainHead } from '../kernel/audit-chain.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import type { KeywardError } from '../kernel/errors.ts';
import { errorMessage } from '../lib/text.ts';
import type { DatabaseOwner } from './engine.ts';
import { StoreFailure, unavailable } from './failure.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const [OWNER_ONLY, OWNER_ONLY_FOLDER] = [0o600, 0o700];
/** A sector: on disk it is the old or the new one. */
const BYTES = 512;

/** The last group of the ledger that this host acknowledged, and when; seconds since the epoch. */
export interface AcknowledgedEnd extends ChainHead {
  readonly at: number;
}

/** Beside the folder for archive segments. */
export const markFile = (archiveDir: string): string => `${archiveDir}.end`;

interface Mark extends AcknowledgedEnd {
  /** As whom it was written to the database. */
  readonly owner: string;
  /** From whom that owner has the database, until it acknowledged a group itself: the database may name either. */
  readonly before?: string;
  /** Under which boot of the kernel; null where all of it is on disk. */
  readonly boot: string | null;
}

/** Who has the database from now on, and who had it before. */
export type Ownership = Pick<DatabaseOwner, 'id' | 'former'>;

interface MarkOptions {
  /** Absolute path of the folder for archive segments: the file is beside it. */
  readonly archiveDir: string;
  readonly owner: Ownership;
  readonly clock: Clock;
  /** Of the kernel; default: this one's. */
  readonly boot?: string;
}

/**
 * Where this host acknowledged the ledger up to, in a file of its own: a database that was put back, or a standby that was
 * promoted without having been in sync, may end before. It is written before a group is acknowledged, and not synced:
 * that outlives the process, and a kernel that was booted since tells that it may have been more.
 */
export class LedgerMark {
  readonly #descriptor: number;
  readonly #owner: MarkOptions['owner'];
  readonly #clock: Clock;
  readonly #boot: string;
  #found: Mark | undefined;
  #own: Mark | undefined;
  #isClosed = false;

  /** `store_unavailable` where the file can be neither read nor made. */
  constructor({ archiveDir, owner, clock, boot = BOOT }: MarkOptions) {
    this.#boot = boot;
    this.#owner = owner;
    this.#clock = clock;
    try {
      mkdirSync(dirname(archiveDir), { recursive: true, mode: OWNER_ONLY_FOLDER });
      const file = markFile(archiveDir);
      this.#descriptor = openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, OWNER_ONLY);
      if (!fstatSync(this.#descriptor).isFile()) throw new Error(`${file} is no file`);
      const text = Buffer.alloc(BYTES);
      readSync(this.#descriptor, text, 0, BYTES, 0);
      this.#found = parsed(text.toString('latin1'));
    } catch (error) {
      throw failed(error);
    }
  }

  /** As it stood when this process came; undefined where there was none that can be read. */
  get found(): AcknowledgedEnd | undefined {
    return this.#found;
  }

  /** Whether whoever had the database last was here, and acknowledged nothing beyond `found`. */
  get isWhole(): boolean {
    const { former } = this.#owner;
    if (this.#found === undefined) return false;
    const { owner, before, boot } = this.#found;
    if (former !== '' && former !== owner && former !== before) return false;
    // What a process wrote is there for all others, until the kernel is gone.
    return boot === null || (boot === this.#boot && boot !== NO_BOOT);
  }

  /**
   * The database is this process's. Whoever takes it next goes by the file, whether or not a record is written meanwhile;
   * what is in doubt stays so, also for a database that knows no owners.
   */
  begin(isFresh: boolean): void {
    if (isFresh) this.#found ??= { ...AUDIT_GENESIS, at: 0, owner: this.#owner.former, boot: null };
    if (!this.#found) return;
    const { id: owner, former: before } = this.#owner;
    this.#write({ ...this.#found, owner, before, boot: this.isWhole ? this.#found.boot : NO_BOOT });
  }

  /** Before anybody is told of the group. `store_unavailable`. */
  record({ sequence, hash }: ChainHead): void {
    this.#own = { sequence, hash, at: this.#clock.nowSeconds(), owner: this.#owner.id, boot: this.#boot };
    this.#write(this.#own);
  }

  /** Nothing is acknowledged any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (!this.#own) return;
      this.#write({ ...this.#own, boot: null });
      fsyncSync(this.#descriptor);
    } finally {
      closeSync(this.#descriptor);
    }
  }

  #write(mark: Mark): void {
    try {
      const count = writeSync(this.#descriptor, written(mark), 0, BYTES, 0);
      if (count !== BYTES) throw new Error(`${count} of ${BYTES} bytes were written`);
    } catch (error) {
      throw failed(error);
    }
  }
}

/** Before the database names that owner: a start may fail before it opens the store. `store_unavailable`. */
export function claimMark(archiveDir: string, owner: Ownership): void {
  const mark = new LedgerMark({ archiveDir, owner, clock: systemClock });
  try {
    mark.begin(false);
  } finally {
    mark.close();
  }
}

function written({ hash, ...mark }: Mark): Buffer {
  const text = JSON.stringify({ ...mark, hash: Buffer.from(hash).toString('base64url') });
  return Buffer.from(`${text}\n${digestOf(text)}\n`.padEnd(BYTES), 'latin1');
}

/** Undefined for anything else than what was written. */
function parsed(text: string): Mark | undefined {
  const [line = '', digest] = text.split('\n');
  if (digest !== digestOf(line)) return undefined;
  const { hash, ...mark } = JSON.parse(line);
  return { ...mark, hash: Buffer.from(hash, 'base64url') };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const NO_BOOT = '';
const BOOT = readBoot();

function readBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return NO_BOOT;
  }
}

function failed(error: unknown): KeywardError {
  const message = `the file beside the ledger archive: ${errorMessage(error)}`;
  return unavailable(new StoreFailure({ message, code: null, condition: 'io_error' }));
}
