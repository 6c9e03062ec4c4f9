import { createWriteStream, type WriteStream } from 'node:fs';

/** Milliseconds of one monotonic clock, that of the process with all clients. */
interface Asked {
  readonly client: string;
  readonly asked: number;
  readonly answered: number;
  /** `unknown`: no whole answer came, so what was asked for may have been done or not. */
  readonly outcome: 'ok' | 'refused' | 'unknown';
  /** Of the problem document of a refusal. */
  readonly code?: string;
}

/** Asked of one front. */
interface AskedOf extends Asked {
  readonly front: string;
}

export interface TokenFacts {
  /** SHA-256 of the signing input, base64url. */
  readonly digest: string;
  readonly jti: string;
  readonly kid: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

export interface KeyFacts {
  readonly kid: string;
  readonly state: string;
}

export interface Issue extends AskedOf {
  readonly what: 'issue';
  /** Of an answer with outcome `ok`. */
  readonly token?: TokenFacts;
}

export interface Verify extends AskedOf {
  readonly what: 'verify';
  readonly token: TokenFacts;
  /** Signed by a thief past the service. */
  readonly forged: boolean;
  /** Of an answer with outcome `ok`. */
  readonly valid?: boolean;
  readonly reason?: string;
}

export interface Revoke extends AskedOf {
  readonly what: 'revoke';
  readonly jti: string;
}

export interface Compromise extends AskedOf {
  readonly what: 'compromise';
  readonly kid: string;
  /** Of an answer with outcome `ok`: whether standbys have it. */
  readonly replicated?: boolean;
}

/** The keys of the scope as an operator (`list`) or a follower of events (`snapshot`) was told. */
export interface Keys extends AskedOf {
  readonly what: 'keys';
  readonly keys: readonly KeyFacts[];
}

/** Asked when it began, answered once all was mended. */
export interface Fault extends Asked {
  readonly what: 'fault';
  readonly name: string;
  /** Records of acknowledged tokens may be gone, whatever the service does: it must notice, and may stop issuing. */
  readonly loses: boolean;
  /** Those that are there at its end. */
  readonly fronts: readonly string[];
}

/**
 * What a front could not do from when it was asked until it was answered. `cut`: nothing passed between it and the database,
 * at least one way. `down`: it did not run, or was being started. `disturbed`: anything else that hit it.
 */
export interface Impaired extends AskedOf {
  readonly what: 'impaired';
  readonly how: 'cut' | 'frozen' | 'down' | 'disturbed';
}

/** A process of a front ended by itself, when it was asked; answered once another one serves, or has failed as well. */
export interface Ended extends AskedOf {
  readonly what: 'ended';
  readonly phase: 'serving' | 'starting';
  /** The event of its last line that names one, or what it said. */
  readonly why: string;
}

/** The HSM rejected the PIN of a front, some time in between. */
export interface PinRejected extends AskedOf {
  readonly what: 'pin_rejected';
}

export type Operation = Issue | Verify | Revoke | Compromise | Keys | Fault | Impaired | Ended | PinRejected;

/** All that clients asked and were answered, also as JSON lines in a file. */
export class History {
  readonly operations: Operation[] = [];
  readonly #file: WriteStream;

  constructor(file: string) {
    this.#file = createWriteStream(file, { flags: 'a' });
  }

  add(operation: Operation): void {
    this.operations.push(operation);
    this.#file.write(`${JSON.stringify(operation)}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#file.end(resolve));
  }
}
