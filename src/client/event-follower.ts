import type { ScopeEvent } from '../kernel/publication.ts';
import { messageOf, type ReportProblem, ServiceFailure } from './errors.ts';
import { EventLines, readEvent } from './read-event.ts';
import { chunksOf, type Service } from './service.ts';
import { backoffMs, pause, type Surroundings } from './time.ts';

interface EventFollowerDeps {
  readonly service: Service;
  readonly scope: string;
  readonly instance: string;
  readonly surroundings: Surroundings;
  readonly reportProblem: ReportProblem;
  readonly onEvent: (event: ScopeEvent) => void;
  /** The stream is lost: what happens from now on is not known until it is back. */
  readonly onLost: () => void;
}

const BACKOFF = { firstMs: 200, maxMs: 30_000 };
const CONNECT_DEADLINE_MS = 10_000;
/** Three times the time between two comments. */
const SILENCE_MS = 45_000;
/** A stream that ends sooner counts as a failure, or a server that ends each at once would be asked without pause. */
const SETTLED_MS = 5_000;
/** The service, or a proxy before it, has no place or no service now: what was sent is not at fault. */
const PASSING: ReadonlySet<number | undefined> = new Set([undefined, 429, 502, 503, 504]);

/** Follows the events of a scope for as long as it is not closed: resumed by id, tried again with back-off. */
export class EventFollower {
  readonly #deps: EventFollowerDeps;
  readonly #closing = new AbortController();
  #lastEventId = '';
  #failures = 0;

  constructor(deps: EventFollowerDeps) {
    this.#deps = deps;
    void this.#follow();
  }

  close(): void {
    this.#closing.abort();
  }

  async #follow(): Promise<void> {
    const { onLost, reportProblem } = this.#deps;
    while (!this.#closing.signal.aborted) {
      let failure: unknown;
      try {
        await this.#followOnce();
      } catch (error) {
        failure = error;
        if (error instanceof ServiceFailure && !PASSING.has(error.status)) this.#lastEventId = '';
      }
      if (this.#closing.signal.aborted) return;
      onLost();
      const message = failure === undefined ? 'the event stream ended' : messageOf(failure);
      reportProblem({ code: 'events_lost', message, ...(failure === undefined ? {} : { cause: failure }) });
      await this.#pause(failure);
    }
  }

  async #followOnce(): Promise<void> {
    const { service, scope, instance } = this.#deps;
    const silence = new Silence(CONNECT_DEADLINE_MS);
    const signal = AbortSignal.any([this.#closing.signal, silence.signal]);
    try {
      const response = await service.open(
        {
          method: 'GET',
          path: `v1/scopes/${scope}/events?instance=${encodeURIComponent(instance)}`,
          accept: ['text/event-stream'],
          headers: this.#lastEventId === '' ? {} : { 'last-event-id': this.#lastEventId },
        },
        signal,
      );
      await this.#read(chunksOf(response, signal), silence);
    } finally {
      silence.end();
    }
  }

  async #read(chunks: AsyncIterable<Uint8Array>, silence: Silence): Promise<void> {
    const lines = new EventLines();
    const decoder = new TextDecoder('utf-8', { fatal: true });
    lines.lastEventId = this.#lastEventId;
    const { monotonicMs } = this.#deps.surroundings;
    const openedAt = monotonicMs();
    let isHeard = false;
    try {
      for await (const chunk of chunks) {
        isHeard = true;
        silence.broken(SILENCE_MS);
        for (const { name, data } of lines.take(decoder.decode(chunk, { stream: true }))) {
          this.#dispatch(name, data);
        }
        this.#lastEventId = lines.lastEventId;
      }
    } finally {
      if (isHeard && monotonicMs() - openedAt >= SETTLED_MS) this.#failures = 0;
    }
  }

  /** After what cannot be read, all that holds is asked for anew. */
  #dispatch(name: string, data: string): void {
    try {
      const event = readEvent(name, data);
      if (event) this.#deps.onEvent(event);
    } catch (error) {
      this.#lastEventId = '';
      throw error;
    }
  }

  async #pause(failure: unknown): Promise<void> {
    const asked = failure instanceof ServiceFailure ? (failure.retryAfterSeconds ?? 0) : 0;
    const ms = asked * 1_000 + backoffMs(this.#failures, BACKOFF, this.#deps.surroundings.random());
    this.#failures += 1;
    await pause(ms, this.#closing.signal);
  }
}

/** Aborts what has been silent for too long. */
class Silence {
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = this.#start(ms);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  broken(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start(ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #start(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#abort.abort(new Error('nothing was heard for too long')), ms).unref();
  }
}
