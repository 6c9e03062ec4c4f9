import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AUDIT_GENESIS, type ChainHead } from '../kernel/audit-chain.ts';
import type { KeywardError } from '../kernel/errors.ts';
import type { DatabaseOwner } from './engine.ts';
import { StoreFailure, unavailable } from './failure.ts';
import {
  type AcknowledgedEnd,
  type Mark,
  type MarkPlace,
  markFailure,
  readMark,
  writeMark,
} from './mark-file.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const [OWNER_ONLY, OWNER_ONLY_FOLDER] = [0o600, 0o700];

/** Beside the folder for archive segments. */
export const markFile = (archiveDir: string): string => `${archiveDir}.end`;

/** Who has the database from now on, and who had it before. */
export type Ownership = Pick<DatabaseOwner, 'id' | 'former' | 'isJoining'>;

/** In the place of a former owner: several fronts had it last, and one host cannot speak for all of them. */
export const SEVERAL = 'several';

interface MarkOptions {
  /** Absolute path of the folder for archive segments: the file is beside it. */
  readonly archiveDir: string;
  readonly owner: Ownership;
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
  readonly #boot: string;
  #found: Mark | undefined;
  #own: AcknowledgedEnd | undefined;
  #isClosed = false;

  /** `store_unavailable` where the file can be neither read nor made. */
  constructor({ archiveDir, owner, boot = BOOT }: MarkOptions) {
    this.#boot = boot;
    this.#owner = owner;
    try {
      mkdirSync(dirname(archiveDir), { recursive: true, mode: OWNER_ONLY_FOLDER });
      const file = markFile(archiveDir);
      this.#descriptor = openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, OWNER_ONLY);
      if (!fstatSync(this.#descriptor).isFile()) throw new Error(`${file} is no file`);
      this.#found = readMark(this.#descriptor);
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
    const { former, isJoining } = this.#owner;
    if (isJoining) return true;
    if (this.#found === undefined || former === SEVERAL) return false;
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

  /** For the thread that commits groups: the event loop does not wait for the file. */
  get place(): MarkPlace {
    return { descriptor: this.#descriptor, owner: this.#owner.id, boot: this.#boot };
  }

  /** The end that was found, before there is another. `store_unavailable`. */
  record(end: ChainHead, at: number): void {
    const { sequence, hash } = end;
    this.#write({ sequence, hash, at, owner: this.#owner.id, boot: this.#boot });
    this.acknowledge(end, at);
  }

  /** The thread has marked that group. */
  acknowledge({ sequence, hash }: ChainHead, at: number): void {
    this.#own = { sequence, hash, at };
  }

  /** Nothing is acknowledged any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (!this.#own) return;
      this.#write({ ...this.#own, owner: this.#owner.id, boot: null });
      fsyncSync(this.#descriptor);
    } finally {
      closeSync(this.#descriptor);
    }
  }

  #write(mark: Mark): void {
    try {
      writeMark(this.#descriptor, mark);
    } catch (error) {
      throw failed(error);
    }
  }
}

/** Before the database names that owner: a start may fail before it opens the store. `store_unavailable`. */
export function claimMark(archiveDir: string, owner: Ownership): void {
  const mark = new LedgerMark({ archiveDir, owner });
  try {
    mark.begin(false);
  } finally {
    mark.close();
  }
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
  return unavailable(error instanceof StoreFailure ? error : markFailure(error));
}
