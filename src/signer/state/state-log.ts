import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { appendDurably, writeDurably } from '../durable-file.ts';
import { changing, damaged, type StateLock } from './state-file.ts';

/** Lines beyond twice the entries before all is written anew. */
const SLACK = 1_000;

interface Content<T> {
  readonly entries: Map<string, T>;
  /** Which file was read: lines are only ever appended to one, and another takes its place. */
  readonly inode: number;
  /** Of whole lines. What follows was cut short, and nobody was told that it was written. */
  bytes: number;
  lines: number;
}

/**
 * Entries by name in a file of JSON lines, of which the last counts: what a change costs does not grow with their
 * number. Read anew where the file is another or longer, until this process has the lock.
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
      const isShort = content && content.lines <= 2 * content.entries.size + SLACK;
      if (isShort && appendDurably(this.#path, line, content.bytes)) {
        content.bytes += Buffer.byteLength(line);
        content.lines += 1;
        set(content.entries, name, value);
      } else this.#rewrite(set(new Map(content?.entries), name, value));
    });
  }

  #rewrite(entries: Map<string, T>): void {
    const text = [...entries].map((entry) => `${JSON.stringify(entry)}\n`).join('');
    writeDurably(this.#path, text);
    const { ino } = statSync(this.#path);
    this.#content = { entries, inode: ino, bytes: Buffer.byteLength(text), lines: entries.size };
  }

  #read(): Content<T> | undefined {
    if (this.#isHeld) return this.#content;
    try {
      const { ino, size } = statSync(this.#path);
      const known = this.#content;
      if (known?.inode !== ino || known.bytes !== size) {
        this.#content = this.#parsed(readFileSync(this.#path, 'utf8'), ino);
      }
      return this.#content;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw damaged(this.#path, cause);
    }
  }

  #parsed(text: string, inode: number): Content<T> {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const lines = whole.split('\n').slice(0, -1);
    const entries = new Map<string, T>();
    for (const line of lines) {
      const [name, value] = this.#line.parse(JSON.parse(line));
      set(entries, name, value);
    }
    return { entries, inode, bytes: Buffer.byteLength(whole), lines: lines.length };
  }
}

function set<T>(entries: Map<string, T>, name: string, value: T | null): Map<string, T> {
  if (value === null) entries.delete(name);
  else entries.set(name, value);
  return entries;
}
