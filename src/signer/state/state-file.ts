import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { KeywardError } from '../../kernel/errors.ts';
import { writeDurably } from '../durable-file.ts';

/** Held from the first change until the process ends: one writer at a time, whoever starts signers. */
export interface StateLock {
  /** `hsm_unavailable` while another signer holds it. */
  take(): void;
}

/** A JSON file that is replaced as a whole. Read anew each time until this process has the lock. */
export class StateFile<T> {
  readonly #path: string;
  readonly #schema: z.ZodType<T>;
  readonly #lock: StateLock;
  #held: T | undefined;

  constructor(path: string, schema: z.ZodType<T>, lock: StateLock) {
    this.#path = path;
    this.#schema = schema;
    this.#lock = lock;
  }

  /** Undefined where there is no file. `invalid_config` for one that cannot be read. */
  read(): T | undefined {
    return this.#held ?? this.#parse();
  }

  /** On disk when it returns. `store_unavailable`, `hsm_unavailable`. */
  change(edit: (now: T | undefined) => T): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    this.#lock.take();
    const next = edit(this.read());
    try {
      writeDurably(this.#path, `${JSON.stringify(next)}\n`);
    } catch (cause) {
      throw new KeywardError('store_unavailable', `${this.#path} cannot be written`, { cause });
    }
    this.#held = next;
  }

  #parse(): T | undefined {
    const text = this.#text();
    if (text === undefined) return undefined;
    const parsed = this.#schema.safeParse(jsonIn(text));
    if (parsed.success) return parsed.data;
    return this.#refuse(parsed.error);
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch (cause) {
      return (cause as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : this.#refuse(cause);
    }
  }

  #refuse(cause: unknown): never {
    throw new KeywardError(
      'invalid_config',
      `${this.#path} is damaged: restore it, or remove it to have the signer learn it anew`,
      { cause },
    );
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
