import type { AuditEvent, DeliveryPosition, SinkGate } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { AuditSink, SinkChange, SinkEntry, SinkTail } from './sink-line.ts';
import { type CheckedLog, checkBy } from './trail-check.ts';

interface SinkWatch {
  failed(sink: string, cause: unknown): void;
  recovered(sink: string): void;
  /** `lost`: how many events that it had confirmed are gone. */
  changed(sink: string, change: SinkChange, lost: number): void;
}

const NOTHING: DeliveryPosition = { sequence: 0, checkpointNumber: 0 };

/** A sink with a deadline: writes go in turn, and while one hangs the others fail at once. */
export class GuardedSink {
  readonly name: string;
  readonly #sink: AuditSink;
  readonly #deadlineMs: number;
  readonly #watch: SinkWatch;
  #turn: Promise<unknown> = Promise.resolve();
  #hanging = false;
  #failing = false;
  #position = NOTHING;
  #log: CheckedLog | undefined;
  #isNew = true;

  constructor(sink: AuditSink, deadlineMs: number, watch: SinkWatch) {
    this.name = sink.name;
    this.#sink = sink;
    this.#deadlineMs = deadlineMs;
    this.#watch = watch;
  }

  get failing(): boolean {
    return this.#failing;
  }

  /** How far it got; further back once entries that it had are gone. */
  get position(): DeliveryPosition {
    return this.#position;
  }

  /** Whether its file is another than the last delivery was written to. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** What it holds counts from then on as far as that trail has it. */
  beginAt(position: DeliveryPosition, log: CheckedLog): void {
    this.#position = position;
    this.#log = log;
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
    this.#works();
  }

  /** The same of what brings it from one position to another. False, and nothing written, where it is elsewhere by now. */
  async deliver(
    entries: readonly SinkEntry[],
    from: DeliveryPosition,
    to: DeliveryPosition,
  ): Promise<boolean> {
    let isDelivered = false;
    await this.#tellingFailure(async () => {
      if (this.#position !== from) return;
      await this.#sink.write(entries);
      this.#position = to;
      this.#isNew = false;
      isDelivered = true;
    });
    this.#works();
    return isDelivered;
  }

  #works(): void {
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
    const change = await this.#sink.examine(this.#position, checkBy(this.#log));
    if (!change) return;
    const { sequence, checkpointNumber } = this.#position;
    const { kind, reach } = change;
    if (kind !== 'foreign') {
      this.#position = {
        sequence: Math.min(sequence, reach.sequence),
        // With one checkpoint more each file begins with one that saw all before it.
        checkpointNumber: Math.min(checkpointNumber, Math.max(0, reach.checkpointNumber - 1)),
      };
      this.#isNew = true;
    }
    this.#watch.changed(this.name, change, Math.max(0, sequence - reach.sequence));
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
