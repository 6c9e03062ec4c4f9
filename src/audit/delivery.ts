import type { AuditLog, DeliveryPosition } from '../kernel/audit.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { SinkEntry } from './sink-line.ts';
import type { GuardedSink } from './sinks.ts';

const EVENTS_AT_A_TIME = 256;
const CHECKPOINTS_AT_A_TIME = 64;

/**
 * Brings one sink up to date from the database: events in order, each checkpoint behind what it covers. A sink
 * that was away gets what it missed, after a crash it may get again what it has, and one that has lost entries gets
 * everything again.
 */
export class Delivery {
  readonly #sink: GuardedSink;
  readonly #log: Pick<AuditLog, 'eventsAfter' | 'checkpointsAfter'>;
  readonly #auditKey: PublicJwk;
  #position: DeliveryPosition;
  #greets = true;
  #losses = 0;
  #running: Promise<void> | undefined;

  constructor(
    sink: GuardedSink,
    log: Pick<AuditLog, 'eventsAfter' | 'checkpointsAfter'>,
    position: DeliveryPosition,
    auditKey: PublicJwk,
  ) {
    this.#sink = sink;
    this.#log = log;
    this.#position = position;
    this.#auditKey = auditKey;
  }

  get sink(): string {
    return this.#sink.name;
  }

  get position(): DeliveryPosition {
    return this.#position;
  }

  /** Settles once nothing more is to be had or the sink fails, which its watch tells. */
  pump(): Promise<void> {
    this.#running ??= this.#deliver().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #deliver(): Promise<void> {
    try {
      await this.#sink.examine();
    } catch {
      // The sink's watch has told of it.
      return;
    }
    while (await this.#deliverSome());
  }

  async #deliverSome(): Promise<boolean> {
    const { losses } = this.#sink;
    if (losses > this.#losses) {
      this.#losses = losses;
      this.#position = { sequence: 0, checkpointNumber: 0 };
      this.#greets = true;
    }
    const { sequence, checkpointNumber } = this.#position;
    const [events, checkpoints] = [
      await this.#log.eventsAfter(sequence, EVENTS_AT_A_TIME),
      await this.#log.checkpointsAfter(checkpointNumber, CHECKPOINTS_AT_A_TIME),
    ];
    const last = events.at(-1)?.sequence ?? sequence;
    const covered = checkpoints.filter(({ auditSequence }) => auditSequence <= last);
    const entries: SinkEntry[] = [
      ...(this.#greets ? [{ kind: 'audit_key', publicJwk: this.#auditKey } as const] : []),
      ...events.map((event): SinkEntry => ({ kind: 'event', event })),
      ...covered.map(({ number, jws }): SinkEntry => ({ kind: 'checkpoint', number, jws })),
    ];
    if (entries.length === 0) return false;
    try {
      await this.#sink.write(entries);
    } catch {
      // The sink's watch has told of it; the next pump tries again.
      return false;
    }
    this.#greets = false;
    this.#position = { sequence: last, checkpointNumber: covered.at(-1)?.number ?? checkpointNumber };
    return events.length === EVENTS_AT_A_TIME || checkpoints.length > covered.length;
  }
}
