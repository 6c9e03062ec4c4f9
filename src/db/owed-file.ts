import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { AuditEvent } from '../kernel/audit.ts';
import { type ChainHead, type RunKey, sealHash, verifySeal } from '../kernel/audit-chain.ts';
import type { KeywardError } from '../kernel/errors.ts';
import { writeDurably } from '../lib/durable-file.ts';
import { isObject } from '../lib/json.ts';
import { errorMessage } from '../lib/text.ts';
import { StoreFailure, unavailable } from './failure.ts';
import type { RunDirectory } from './run-directory.ts';

/** Beside the folder for archive segments. */
export const owedFile = (archiveDir: string): string => `${archiveDir}.owed`;

/** An urgent change, as the file has it. */
interface Line {
  readonly run: string;
  /** Of the event as JSON, by that run; base64url. */
  readonly seal: string;
  readonly event: string;
}

/** What has to be ordered anew. */
export interface LeftBehind {
  /**
   * Urgent changes that were acknowledged before standbys had them, in their order: by a process that ended, or by this
   * one, where another front changed the same once a promotion had lost them.
   */
  readonly events: readonly AuditEvent[];
  /** Why lines count for nothing; undefined where all do. */
  readonly flaw: string | undefined;
}

/**
 * The urgent changes that are owed, on the disk of this host: if the process ends and a standby without them is
 * promoted, the next start makes them again. Each is sealed by its run, since a compromise cannot be taken back.
 */
export class OwedFile {
  readonly #file: string;
  readonly #run: RunKey;
  #owed: ReadonlyMap<AuditEvent, Line> = new Map();
  #lost: readonly AuditEvent[] = [];
  /** Lines of former processes. */
  #found: readonly string[];
  /** Of those the ones that count, as they were read last. */
  #counting: ReadonlyMap<AuditEvent, string> = new Map();

  /** `store_unavailable` where a file is there that cannot be read. */
  constructor(archiveDir: string, run: RunKey) {
    this.#file = owedFile(archiveDir);
    this.#run = run;
    this.#found = read(this.#file)
      .split('\n')
      .filter((line) => line !== '');
  }

  /** On disk when it returns. `store_unavailable`. */
  add(event: AuditEvent): void {
    const text = JSON.stringify(event);
    const seal = sealHash(this.#run, 'owed', headOf(text)).toString('base64url');
    // In the next version of the file, too, should this one fail.
    this.#owed = new Map([...this.#owed, [event, { run: this.#run.id, seal, event: text }]]);
    this.#write(this.#found, this.#owed);
  }

  /** `store_unavailable`. */
  remove(event: AuditEvent): void {
    if (!this.#owed.has(event)) return;
    // Gone from the next version of the file, too, should this one fail.
    this.#owed = without(this.#owed, [event]);
    this.#write(this.#found, this.#owed);
  }

  /** It stays on disk, and is left behind from then on. */
  lose(event: AuditEvent): void {
    this.#lost = [...this.#lost, event];
  }

  get hasLeftBehind(): boolean {
    return this.#found.length > 0 || this.#lost.length > 0;
  }

  /** `store_unavailable`. */
  async leftBehind(runs: Pick<RunDirectory, 'find'>): Promise<LeftBehind> {
    const counting = new Map<AuditEvent, string>();
    let flaw: string | undefined;
    for (const line of this.#found) {
      try {
        counting.set(await sealedEvent(line, runs), line);
      } catch (error) {
        flaw ??= error instanceof SyntaxError ? 'it is no JSON' : errorMessage(error);
      }
    }
    this.#counting = counting;
    return { events: [...counting.keys(), ...this.#lost], flaw };
  }

  /** Of what was read last these are settled; lines that count for nothing go with them. `store_unavailable`. */
  settle(events: readonly AuditEvent[]): void {
    const isNothing = events.length === 0 && this.#counting.size === this.#found.length;
    if (isNothing) return;
    const counting = without(this.#counting, events);
    const found = [...counting.values()];
    const owed = without(this.#owed, events);
    this.#write(found, owed);
    this.#found = found;
    this.#counting = counting;
    this.#owed = owed;
    this.#lost = this.#lost.filter((event) => !events.includes(event));
  }

  #write(found: readonly string[], owed: ReadonlyMap<AuditEvent, Line>): void {
    const lines = [...found, ...[...owed.values()].map((line) => JSON.stringify(line))];
    const text = lines.map((line) => `${line}\n`).join('');
    try {
      if (text === '') rmSync(this.#file, { force: true });
      else writeDurably(this.#file, text);
    } catch (error) {
      throw failed(this.#file, error);
    }
  }
}

function without<T>(
  all: ReadonlyMap<AuditEvent, T>,
  events: readonly AuditEvent[],
): ReadonlyMap<AuditEvent, T> {
  return new Map([...all].filter(([event]) => !events.includes(event)));
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

/** Throws where no certified run sealed it. */
async function sealedEvent(line: string, runs: Pick<RunDirectory, 'find'>): Promise<AuditEvent> {
  const found: unknown = JSON.parse(line);
  const { run, seal, event } = isObject(found) ? found : {};
  if (typeof run !== 'string' || typeof seal !== 'string' || typeof event !== 'string')
    throw new Error('it is none of its lines');
  const writer = await runs.find(run);
  if (!writer || !verifySeal(writer, 'owed', headOf(event), Buffer.from(seal, 'base64url')))
    throw new Error('no run of the service sealed it');
  return JSON.parse(event);
}

/** It has no place in a chain. */
function headOf(event: string): ChainHead {
  return { sequence: 0, hash: createHash('sha256').update(event).digest() };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function failed(file: string, error: unknown): KeywardError {
  const message = `${file}, beside the ledger archive: ${errorMessage(error)}`;
  return unavailable(new StoreFailure({ message, code: null, condition: 'io_error' }));
}
