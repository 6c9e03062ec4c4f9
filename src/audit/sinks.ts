import type { AuditEvent, SinkGate } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { AuditSink, SinkChange, SinkEntry, SinkTail } from './sink-line.ts';

interface SinkWatch {
  failed(sink: string, cause: unknown): void;
  recovered(sink: string): void;
  changed(sink: string, change: SinkChange): void;
}

/** A sink with a deadline: writes go in turn, and while one hangs the others fail at once. */
export class GuardedSink {
  readonly name: string;
  readonly #sink: AuditSink;
  readonly #deadlineMs: number;
  readonly #watch: SinkWatch;
  #turn: Promise<unknown> = Promise.resolve();
  #hanging = false;
  #failing = false;
  #losses = 0;

  constructor(sink: AuditSink, deadlineMs: number, watch: SinkWatch) {
    this.name = sink.name;
    this.#sink = sink;
    this.#deadlineMs = deadlineMs;
    this.#watch = watch;
  }

  get failing(): boolean {
    return this.#failing;
  }

  /** How often entries that it had were taken from it. */
  get losses(): number {
    return this.#losses;
  }

  tail(): Promise<SinkTail | undefined> {
    return this.#sink.tail();
  }

  history(): Iterable<SinkEntry> | undefined {
    return this.#sink.history();
  }

  /** Looks what somebody else did to it, and tells. */
  async examine(): Promise<void> {
    await this.#tellingFailure(async () => {});
  }

  /** Settles once the sink has the entries. Its former failure is told once, and so is its recovery. */
  async write(entries: readonly SinkEntry[]): Promise<void> {
    await this.#tellingFailure(() => this.#sink.write(entries));
    if (this.#failing) this.#watch.recovered(this.name);
    this.#failing = false;
  }

  close(): void {
    this.#sink.reset();
  }

  async #tellingFailure(work: () => Promise<void>): Promise<void> {
    try {
      await this.#inTurn(async () => {
        await this.#probe();
        await work();
      });
    } catch (error) {
      if (!this.#failing) this.#watch.failed(this.name, error);
      this.#failing = true;
      throw error;
    }
  }

  async #probe(): Promise<void> {
    const change = await this.#sink.examine();
    if (!change) return;
    if (change.isLost) this.#losses += 1;
    this.#watch.changed(this.name, change);
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => {
      this.#hanging = true;
      this.#sink.reset();
      reject(new Error(`no confirmation within ${this.#deadlineMs} ms`));
    }, this.#deadlineMs);
    const work = async () => {
      try {
        await task();
        resolve();
      } catch (error) {
        this.#sink.reset();
        reject(error);
      } finally {
        clearTimeout(late);
        this.#hanging = false;
      }
    };
    if (this.#hanging) {
      clearTimeout(late);
      reject(new Error('an earlier write still hangs'));
    } else {
      this.#turn = this.#turn.then(work);
    }
    return promise;
  }
}

interface SinksOptions {
  readonly sinks: readonly AuditSink[];
  /** How long a sink may take to confirm. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly watch: SinkWatch;
}

/** All sinks of the configuration. */
export class Sinks implements SinkGate {
  readonly all: readonly GuardedSink[];
  readonly #clock: Clock;

  constructor({ sinks, deadlineMs, clock, watch }: SinksOptions) {
    this.all = sinks.map((sink) => new GuardedSink(sink, deadlineMs, watch));
    this.#clock = clock;
  }

  async confirm(event: AuditEvent): Promise<void> {
    const intent: SinkEntry = { kind: 'intent', time: this.#clock.nowSeconds(), event };
    try {
      await Promise.any(this.all.map((sink) => sink.write([intent])));
    } catch (cause) {
      throw new KeywardError(
        'audit_sink_unavailable',
        'No audit sink confirms, so nothing that weakens is changed; restricting works all the same.',
        { cause, retryAfterSeconds: 5 },
      );
    }
  }

  close(): void {
    for (const sink of this.all) sink.close();
  }
}
