import type { Request } from '../protocol.ts';

/** One process of the signer, wherever it was started. */
export interface ProcessHandle {
  /** Undefined where it could not be started, or is being started elsewhere. */
  readonly pid: number | undefined;
  send(request: Request): void;
  /** It may finish what is under way, and ends. */
  leave(): void;
  /** At once. */
  kill(): void;
}

/** What its starter hears of it. Nothing is told before `start` has returned. */
export interface ProcessEvents {
  said(message: unknown): void;
  /** A line of what it printed: not the signer's words, but those of the module. */
  printed(line: string): void;
  /** It cannot be started or asked any more; and why. */
  broken(why: string): void;
  /** It takes no more requests; that it ended mostly follows. */
  closed(): void;
  /** The last thing that is told. */
  exited(why: string): void;
}

export type StartProcess = (sessions: number, events: ProcessEvents) => ProcessHandle;
