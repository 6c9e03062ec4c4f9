import { z } from 'zod';
import {
  appendDurably,
  type FileVersion,
  readVersion,
  versionAt,
  writeDurably,
} from '../../lib/durable-file.ts';
import { changing, damaged, type StateLock } from './state-file.ts';

/** Lines beyond twice the entries before all is written anew. */
const SLACK = 1_000;

interface Content<T> {
  readonly entries: Map<string, T>;
  /** Of the file that was read or written last. */
  version: FileVersion;
  /** Something follows the last whole line: it was cut short, and nobody was told that it was written. */
  readonly isCutShort: boolean;
  lines: number;
}

/**
 * Entries by name in a file of JSON lines, of which the last counts: what a change costs does not grow with their
 * number. Read anew where the file is another or was written to, until this process has the lock.
 */
export class StateLog<T> {
  readonly lock: StateLock;
  readonly #path: string;
  readonly #line: z.ZodType<readonly [string, T | null]>;
  #content: Content<T> | undefined;
  #isHeld = false;

  constructor(path: string, schema: z.ZodType<T>, lock: StateLock) {
    this.#path = path;
    this.#line = z.tuple([z.string(), schema.nullable()]);
    this.lock = lock;
  }

  get exists(): boolean {
    return this.#read() !== undefined;
  }

  /** `invalid_config` for a file that cannot be read. */
  entries(): ReadonlyMap<string, T> {
    return this.#read()?.entries ?? new Map();
  }

  /** Null removes it. On disk when it returns. `store_unavailable`, `hsm_unavailable`. */
  put(name: string, value: T | null): void {
    changing(this.#path, this.lock, () => {
      const content = this.#read();
      this.#isHeld = true;
      const line = `${JSON.stringify([name, value])}\n`;
      const isToGrow = content && !content.isCutShort && content.lines <= 2 * content.entries.size + SLACK;
      const version = isToGrow && appendDurably(this.#path, line, content.version);
      if (version) {
        content.version = version;
        content.lines += 1;
        set(content.entries, name, value);
      } else this.#rewrite(set(new Map(content?.entries), name, value));
    });
  }

  #rewrite(entries: Map<string, T>): void {
    const text = [...entries].map((entry) => `${JSON.stringify(entry)}\n`).join('');
    const version = writeDurably(this.#path, text);
    this.#content = { entries, version, isCutShort: false, lines: entries.size };
  }

  #read(): Content<T> | undefined {
    if (this.#isHeld) return this.#content;
    try {
      if (this.#content?.version !== versionAt(this.#path)) this.#content = this.#parsed();
      return this.#content;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw damaged(this.#path, cause);
    }
  }

  #parsed(): Content<T> {
    const { text, version } = readVersion(this.#path);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const lines = whole.split('\n').slice(0, -1);
    const entries = new Map<string, T>();
    for (const line of lines) {
      const [name, value] = this.#line.parse(JSON.parse(line));
      set(entries, name, value);
    }
    return { entries, version, isCutShort: whole !== text, lines: lines.length };
  }
}

function set<T>(entries: Map<string, T>, name: string, value: T | null): Map<string, T> {
  if (value === null) entries.delete(name);
  else entries.set(name, value);
  return entries;
}
