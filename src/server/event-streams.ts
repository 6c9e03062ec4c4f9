import { KeywardError } from '../kernel/errors.ts';
import type { ApiRequest, ApiResponse } from './route.ts';
import { finish } from './send.ts';

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
class EventStream {
  readonly #response: ApiResponse;
  readonly #follower: Follower;
  readonly #onEnd: () => void;
  #unfollow = () => {};
  #opening = true;
  /** Whether the connection has emptied what waited since the last beat. */
  #taken = true;
  #over = false;

  constructor(response: ApiResponse, follower: Follower, onEnd: () => void) {
    this.#response = response;
    this.#follower = follower;
    this.#onEnd = onEnd;
  }

  /** The request counts as answered from here on: it takes no place among those in flight. */
  begin(): void {
    const response = this.#response;
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
    else this.#cutOff();
  }

  end(): void {
    if (this.#over) return;
    this.#finish();
    this.#response.end();
  }

  #start(): void {
    this.#unfollow = this.#follower.follow((message) =>
      this.#write(this.#opening ? { ...message, id: null } : message),
    );
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
      this.#write(value, value.id === null ? RESTART : '');
      if (this.#response.writableNeedDrain) {
        this.#response.once('drain', () => this.#open());
        return;
      }
    }
  }

  #write({ id, event, data }: StreamMessage, before = ''): void {
    if (this.#over) return;
    const named = id === null ? before : `id: ${id}\n`;
    this.#response.write(`${named}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (this.#response.writableLength > MOST_WAITING_BYTES) this.#cutOff();
  }

  #cutOff(): void {
    this.#finish();
    this.#response.destroy();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unfollow();
    this.#onEnd();
  }
}

/** An empty id: whoever is cut off now must not resume, but begin again. */
const RESTART = 'id:\n';

/** The part of the configuration's `limits` that event streams obey. Read at each use: a reload may change it. */
interface StreamLimits {
  readonly event_streams: number;
  readonly event_streams_per_client: number;
}

interface StreamOwner {
  /** The client, or on the operations plane the operator, who asked for it. */
  readonly ownerId: string;
  /** Whether the owner may still have it. */
  admitted(): boolean;
}

/** Proxies end what is silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** All event streams of one plane: how many there may be, and when each ends. */
export class EventStreams {
  readonly #limits: StreamLimits;
  readonly #open = new Map<EventStream, StreamOwner>();
  readonly #heartbeat: NodeJS.Timeout;
  #ended = false;

  constructor(limits: StreamLimits, heartbeatMs = HEARTBEAT_MS) {
    this.#limits = limits;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** `overloaded` and `rate_limited` before anything is answered; `onEnd` is called once, whatever ends it. */
  begin(response: ApiResponse, owner: StreamOwner, follower: Follower, onEnd: () => void): void {
    this.#refuseOneTooMany(owner);
    const stream = new EventStream(response, follower, () => {
      this.#open.delete(stream);
      onEnd();
    });
    this.#open.set(stream, owner);
    stream.begin();
  }

  /** Ends those whose owner may have them no longer; to be called with each change of what owners may. */
  review(ownerId?: string): void {
    for (const [stream, owner] of this.#open) {
      if (ownerId !== undefined && owner.ownerId !== ownerId) continue;
      if (!owner.admitted()) stream.end();
    }
  }

  /** All of them, and no more from now on: a drain waits for none. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
    for (const stream of this.#open.keys()) stream.end();
  }

  #beat(): void {
    this.review();
    for (const stream of this.#open.keys()) stream.beat();
  }

  #refuseOneTooMany({ ownerId }: StreamOwner): void {
    if (this.#ended)
      throw new KeywardError('shutting_down', 'this instance is shutting down; try again elsewhere');
    if (this.#open.size >= this.#limits.event_streams) {
      throw new KeywardError('overloaded', 'too many event streams are open; try again', {
        retryAfterSeconds: 5,
      });
    }
    const own = [...this.#open.values()].filter((owner) => owner.ownerId === ownerId);
    if (own.length < this.#limits.event_streams_per_client) return;
    throw new KeywardError('rate_limited', 'you have too many event streams open; end one first', {
      retryAfterSeconds: 5,
    });
  }
}

/** Where whoever follows an event stream wants to resume; undefined for the beginning. */
export function lastEventId({ headers }: Pick<ApiRequest, 'headers'>): string | undefined {
  const given = headers['last-event-id'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
