import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { AuditEvent } from '../kernel/audit.ts';
import type { RunKey, RunPublicKey } from '../kernel/audit-chain.ts';
import type { KeywardError } from '../kernel/errors.ts';
import { writeDurably } from '../lib/durable-file.ts';
import { errorMessage } from '../lib/text.ts';
import { StoreFailure, unavailable } from './failure.ts';
import { isSealedBy, nameOf, type OwedLine, readLine, writeLine } from './owed-line.ts';
import type { RunDirectory } from './run-directory.ts';

/** Beside the folder for archive segments. */
export const owedFile = (archiveDir: string): string => `${archiveDir}.owed`;

/** What the file has for this process to order, and what nobody can. */
export interface OwedLines {
  /**
   * Urgent changes that were acknowledged before standbys had them, in their order: by a process that ended, or by this
   * one, where another front changed the same once a promotion had lost them.
   */
  readonly events: readonly AuditEvent[];
  /** Lines that no certified run sealed, as far as is known now. */
  readonly unvouched: {
    readonly count: number;
    /** What the first of them say, for a person. */
    readonly named: readonly string[];
  };
}

/** `owed`: by this process, which looks after it. `left`: to be ordered anew. `settled`: in force, or left to people. */
type Fate = 'owed' | 'left' | 'settled';

const MOST_NAMED = 20;

/**
 * The urgent changes that are owed, on the disk of this host: if the process ends and a standby without them is
 * promoted, the next start makes them again. Each is sealed by its run, since a compromise cannot be taken back. A line
 * that cannot be judged stays.
 */
export class OwedFile {
  readonly #file: string;
  readonly #run: RunKey;
  /** In the order of the file. */
  #lines: ReadonlyMap<OwedLine, Fate>;

  /** `store_unavailable` where a file is there that cannot be read. */
  constructor(archiveDir: string, run: RunKey) {
    this.#file = owedFile(archiveDir);
    this.#run = run;
    const found = read(this.#file)
      .split('\n')
      .filter((text) => text !== '');
    this.#lines = new Map(found.map((text) => [readLine(text), 'left']));
  }

  get path(): string {
    return this.#file;
  }

  /** Lines that are to be ordered anew, or that cannot be judged. */
  get leftCount(): number {
    return this.#linesThatAre('left').length;
  }

  /** Whether lines wait to be taken away. */
  get hasSettled(): boolean {
    return this.#linesThatAre('settled').length > 0;
  }

  /** On disk when it returns. `store_unavailable`. */
  keep(event: AuditEvent): void {
    // In the next version of the file, too, should this one fail.
    this.#lines = new Map([...this.#lines, [writeLine(event, this.#run), 'owed']]);
    this.#write();
  }

  /** It stays on disk, and is left behind from then on. */
  lose(event: AuditEvent): void {
    this.#become('left', [event]);
  }

  /** Which runs count is asked of `runs`; without an answer nothing is judged: fails as it does. */
  async leftBehind(runs: Pick<RunDirectory, 'find'>): Promise<OwedLines> {
    const left = this.#linesThatAre('left');
    // This process vouches for what it sealed itself.
    const known = new Map<string, RunPublicKey | undefined>([[this.#run.id, this.#run]]);
    for (const { said } of left) {
      if (said && !known.has(said.run)) known.set(said.run, await runs.find(said.run));
    }
    const events: AuditEvent[] = [];
    const unvouched: OwedLine[] = [];
    for (const line of left) {
      const { said } = line;
      const run = said && known.get(said.run);
      if (run && isSealedBy(said, run)) events.push(said.event);
      else unvouched.push(line);
    }
    return {
      events,
      unvouched: { count: unvouched.length, named: unvouched.slice(0, MOST_NAMED).map(nameOf) },
    };
  }

  /**
   * Their lines are taken away once this run is certified, with those that were settled before: until then another start
   * could not count what this one sealed in their place. `store_unavailable`.
   */
  settle(events: readonly AuditEvent[], isCertified: boolean): void {
    this.#become('settled', events);
    if (!isCertified || !this.hasSettled) return;
    const before = this.#lines;
    this.#lines = new Map([...before].filter(([, fate]) => fate !== 'settled'));
    try {
      this.#write();
    } catch (error) {
      this.#lines = before;
      throw error;
    }
  }

  #linesThatAre(fate: Fate): readonly OwedLine[] {
    return [...this.#lines].flatMap(([line, its]) => (its === fate ? [line] : []));
  }

  #become(fate: Fate, events: readonly AuditEvent[]): void {
    const isMeant = ({ said }: OwedLine) => said !== undefined && events.includes(said.event);
    this.#lines = new Map([...this.#lines].map(([line, its]) => [line, isMeant(line) ? fate : its]));
  }

  #write(): void {
    const text = [...this.#lines.keys()].map((line) => `${line.text}\n`).join('');
    try {
      if (text === '') rmSync(this.#file, { force: true });
      else writeDurably(this.#file, text);
    } catch (error) {
      throw failed(this.#file, error);
    }
  }
}

/** More than an emergency of all keys takes. */
const MOST_BYTES = 4 * 1024 * 1024;

function read(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return '';
    throw failed(file, error);
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes`);
    return readFileSync(descriptor, 'utf8');
  } catch (error) {
    throw failed(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function failed(file: string, error: unknown): KeywardError {
  const message = `${file}, beside the ledger archive: ${errorMessage(error)}`;
  return unavailable(new StoreFailure({ message, code: null, condition: 'io_error' }));
}
