import type { LogLine } from '../protocol.ts';

export type HostLog = (level: LogLine['log'], message: string, details: LogLine['details']) => void;

/** Which lines are counted as one, and how many of them are written each second; default: their message, and one. */
export interface LineBound {
  readonly of?: string;
  readonly most?: number;
}

export type BoundedWrite = (...line: [...Parameters<HostLog>, bound?: LineBound]) => void;

const EACH_MS = 1_000;

interface Second {
  written: number;
  left: number;
  last: () => void;
}

/**
 * A log that nobody floods who may cause its lines: beyond the bound of a second they are counted, and its last one is
 * written at its end, with how many it stands for (`times`).
 */
export class BoundedLog {
  readonly #log: HostLog;
  readonly #seconds = new Map<string, Second>();

  constructor(log: HostLog) {
    this.#log = log;
  }

  readonly write: BoundedWrite = (level, message, details, { of = message, most = 1 } = {}) => {
    const second = this.#seconds.get(of) ?? this.#begin(of);
    if (second.written < most) {
      second.written += 1;
      this.#log(level, message, details);
      return;
    }
    second.left += 1;
    second.last = () => this.#log(level, message, { ...details, times: second.left });
  };

  /** What is counted and not yet written. */
  flush(): void {
    for (const { left, last } of this.#seconds.values()) if (left > 0) last();
    this.#seconds.clear();
  }

  #begin(of: string): Second {
    const second: Second = { written: 0, left: 0, last: () => {} };
    this.#seconds.set(of, second);
    setTimeout(() => this.#end(of, second), EACH_MS).unref();
    return second;
  }

  /** The line that is written now counts for the second that begins. */
  #end(of: string, second: Second): void {
    if (this.#seconds.get(of) !== second) return;
    this.#seconds.delete(of);
    if (second.left === 0) return;
    second.last();
    this.#begin(of).written = 1;
  }
}
