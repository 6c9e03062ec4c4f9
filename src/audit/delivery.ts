import type { AuditLog, DeliveryPosition } from '../kernel/audit.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { SinkEntry } from './sink-line.ts';
import type { GuardedSink } from './sinks.ts';
import type { CheckedLog } from './trail-check.ts';

type DeliveredLog = CheckedLog & Pick<AuditLog, 'eventsAfter'>;

const EVENTS_AT_A_TIME = 256;
const CHECKPOINTS_AT_A_TIME = 64;

/**
 * Brings one sink up to date from the database: events in order, each checkpoint behind what it covers. A sink
 * that was away gets what it missed, after a crash it may get again what it has, and one that has lost entries gets
 * again what its files lack.
 */
export class Delivery {
  readonly #sink: GuardedSink;
  readonly #log: DeliveredLog;
  readonly #auditKey: PublicJwk;
  #running: Promise<void> | undefined;

  constructor(sink: GuardedSink, log: DeliveredLog, position: DeliveryPosition, auditKey: PublicJwk) {
    this.#sink = sink;
    this.#log = log;
    this.#auditKey = auditKey;
    sink.beginAt(position, log);
  }

  get sink(): string {
    return this.#sink.name;
  }

  get position(): DeliveryPosition {
    return this.#sink.position;
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
    const { position } = this.#sink;
    const { sequence, checkpointNumber } = position;
    const [events, checkpoints] = [
      await this.#log.eventsAfter(sequence, EVENTS_AT_A_TIME),
      await this.#log.checkpointsAfter(checkpointNumber, CHECKPOINTS_AT_A_TIME),
    ];
    const last = events.at(-1)?.sequence ?? sequence;
    const covered = checkpoints.filter(({ auditSequence }) => auditSequence <= last);
    const entries: SinkEntry[] = [
      ...(this.#sink.isNew ? [{ kind: 'audit_key', publicJwk: this.#auditKey } as const] : []),
      ...events.map((event): SinkEntry => ({ kind: 'event', event })),
      ...covered.map(({ number, jws }): SinkEntry => ({ kind: 'checkpoint', number, jws })),
    ];
    if (entries.length === 0) return false;
    const reached = { sequence: last, checkpointNumber: covered.at(-1)?.number ?? checkpointNumber };
    try {
      if (!(await this.#sink.deliver(entries, position, reached))) return true;
    } catch {
      // The sink's watch has told of it; the next pump tries again.
      return false;
    }
    return events.length === EVENTS_AT_A_TIME || checkpoints.length > covered.length;
  }
}
