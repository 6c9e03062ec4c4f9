import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { KeywardError } from '../../kernel/errors.ts';
import { writeDurably } from '../../lib/durable-file.ts';

/**
 * Held until the process ends: one writer at a time, whoever starts signers. Taken before anything is read that a
 * change depends on, since another process may write until then.
 */
export interface StateLock {
  /** `hsm_unavailable` while another signer holds it, `store_unavailable`. */
  take(): void;
}

/** A JSON file that is replaced as a whole. Read anew each time until this process has the lock. */
export class StateFile<T> {
  readonly lock: StateLock;
  readonly #path: string;
  readonly #schema: z.ZodType<T>;
  #held: T | undefined;

  constructor(path: string, schema: z.ZodType<T>, lock: StateLock) {
    this.#path = path;
    this.#schema = schema;
    this.lock = lock;
  }

  /** Undefined where there is no file. `invalid_config` for one that cannot be read. */
  read(): T | undefined {
    return this.#held ?? this.#parse();
  }

  /** On disk when it returns. `store_unavailable`, `hsm_unavailable`. */
  change(edit: (now: T | undefined) => T): void {
    changing(this.#path, this.lock, () => {
      const next = edit(this.read());
      writeDurably(this.#path, `${JSON.stringify(next)}\n`);
      this.#held = next;
    });
  }

  #parse(): T | undefined {
    const text = this.#text();
    if (text === undefined) return undefined;
    const parsed = this.#schema.safeParse(jsonIn(text));
    if (parsed.success) return parsed.data;
    throw damaged(this.#path, parsed.error);
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw damaged(this.#path, cause);
    }
  }
}

/** Writes with the lock. `store_unavailable`, `hsm_unavailable`. */
export function changing(path: string, lock: StateLock, write: () => void): void {
  lock.take();
  writing(path, write);
}

/** `store_unavailable` where it fails. */
export function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    if (cause instanceof KeywardError) throw cause;
    throw new KeywardError('store_unavailable', `${path} cannot be written`, { cause });
  }
}

export function damaged(path: string, cause: unknown): KeywardError {
  return new KeywardError(
    'invalid_config',
    `${path} is damaged: restore it, or remove it to have the signer learn it anew`,
    { cause },
  );
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
