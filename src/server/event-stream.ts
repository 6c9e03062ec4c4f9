import { oncePerObject } from '../lib/once-per-object.ts';
import type { ApiResponse } from './route.ts';
import { finish } from './send.ts';
import type { WaitingBytes } from './waiting-bytes.ts';

/** One message of a stream, as the HTML standard frames it (§9.2). */
export interface StreamMessage {
  /** Where to resume; null for what must not be resumed from. */
  readonly id: string | null;
  readonly event: string;
  readonly data: object;
}

export interface Follower {
  /** Told first, in order, as fast as the connection takes it. */
  readonly opening: Iterator<StreamMessage>;
  /** The stream ends behind the opening: there is more, and the reader is to resume for it. */
  readonly endsThere?: boolean;
  follow(told: (message: StreamMessage) => void): () => void;
}

/** What may wait for one slow reader; with that much waiting it is cut off, and resumes when it comes back. */
const MOST_WAITING_BYTES = 256 * 1024;
const HEADERS = ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-store', 'Connection', 'close'];
/** For proxies that would hold the events back. */
const UNBUFFERED = ['X-Accel-Buffering', 'no'];

/** Server-sent events on one connection, which ends with them. */
export class EventStream {
  readonly #response: ApiResponse;
  readonly #follower: Follower;
  readonly #waiting: WaitingBytes;
  readonly #onEnd: () => void;
  #unfollow = () => {};
  #opening = true;
  /** Whether the connection has emptied what waited since the last beat. */
  #taken = true;
  #over = false;

  constructor(response: ApiResponse, follower: Follower, waiting: WaitingBytes, onEnd: () => void) {
    this.#response = response;
    this.#follower = follower;
    this.#waiting = waiting;
    this.#onEnd = onEnd;
  }

  get waitingBytes(): number {
    return this.#response.writableLength;
  }

  /** The request counts as answered from here on: it takes no place among those in flight. */
  begin(): void {
    const response = this.#response;
    this.#waiting.add(this);
    const { headers, requestId } = response.locals;
    response.once('close', () => this.#finish());
    response.on('drain', () => {
      this.#taken = true;
    });
    response.writeHead(200, [...headers, 'X-Request-Id', requestId, ...HEADERS, ...UNBUFFERED]);
    response.flushHeaders();
    finish(response, 200);
    if (response.destroyed) this.#finish();
    else if (response.req.method === 'HEAD') this.end();
    else this.#start();
  }

  /** Keeps the connection alive, or gives up a reader that took nothing from one beat to the next. */
  beat(): void {
    if (this.#response.writableLength === 0) {
      this.#taken = true;
      this.#response.write(':\n\n');
    } else if (this.#taken) this.#taken = false;
    else this.cutOff();
  }

  cutOff(): void {
    this.#finish();
    this.#response.destroy();
  }

  end(): void {
    if (this.#over) return;
    this.#finish();
    this.#response.end();
  }

  #start(): void {
    this.#unfollow = this.#follower.follow((message) => {
      this.#write(this.#opening ? frameWithoutId(message) : frameOf(message));
    });
    this.#open();
  }

  /** Goes on when the connection has taken what was written. */
  #open(): void {
    while (!this.#over) {
      const { value, done } = this.#follower.opening.next();
      if (done) {
        this.#opening = false;
        if (this.#follower.endsThere) this.end();
        return;
      }
      if (value.id === null) this.#response.write(RESTART);
      this.#write(frameOf(value));
      if (this.#response.writableNeedDrain) {
        this.#response.once('drain', () => this.#open());
        return;
      }
    }
  }

  #write(frame: Buffer): void {
    if (this.#over) return;
    this.#response.write(frame);
    this.#waiting.wrote(frame.length);
    if (this.waitingBytes > MOST_WAITING_BYTES) this.cutOff();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting.delete(this);
    this.#unfollow();
    this.#onEnd();
  }
}

function bodyOf({ event, data }: StreamMessage): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The same bytes for all streams that are sent the message. */
const frameWithoutId = oncePerObject((message: StreamMessage) => Buffer.from(bodyOf(message)));
const frameOf = oncePerObject((message: StreamMessage) =>
  message.id === null ? frameWithoutId(message) : Buffer.from(`id: ${message.id}\n${bodyOf(message)}`),
);

/** An empty id: whoever is cut off now must not resume, but begin again. */
const RESTART = 'id:\n';
