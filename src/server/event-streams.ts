import { KeywardError } from '../kernel/errors.ts';
import { EventStream, type Follower } from './event-stream.ts';
import type { ApiRequest, ApiResponse } from './route.ts';
import { streamBytes, type WaitingBytes } from './waiting-bytes.ts';

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
  readonly #waiting: WaitingBytes;
  readonly #open = new Map<EventStream, StreamOwner>();
  readonly #openByOwner = new Map<string, number>();
  readonly #heartbeat: NodeJS.Timeout;
  #ended = false;

  constructor(limits: StreamLimits, heartbeatMs = HEARTBEAT_MS, waiting = streamBytes) {
    this.#limits = limits;
    this.#waiting = waiting;
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** `overloaded` and `rate_limited` before anything is answered; `onEnd` is called once, whatever ends it. */
  begin(response: ApiResponse, owner: StreamOwner, follower: Follower, onEnd: () => void): void {
    this.#refuseOneTooMany(owner);
    const stream = new EventStream(response, follower, this.#waiting, () => {
      if (this.#open.delete(stream)) this.#count(owner, -1);
      onEnd();
    });
    this.#open.set(stream, owner);
    this.#count(owner, 1);
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

  #count({ ownerId }: StreamOwner, change: number): void {
    const open = (this.#openByOwner.get(ownerId) ?? 0) + change;
    if (open > 0) this.#openByOwner.set(ownerId, open);
    else this.#openByOwner.delete(ownerId);
  }

  #refuseOneTooMany({ ownerId }: StreamOwner): void {
    if (this.#ended)
      throw new KeywardError('shutting_down', 'this instance is shutting down; try again elsewhere');
    if (this.#open.size >= this.#limits.event_streams) {
      throw new KeywardError('overloaded', 'too many event streams are open; try again', {
        retryAfterSeconds: 5,
      });
    }
    if ((this.#openByOwner.get(ownerId) ?? 0) < this.#limits.event_streams_per_client) return;
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
