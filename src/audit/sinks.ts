import type { AuditEvent } from '../domain/audit.ts';
import type { AuditSink, SinkEntry, SinkGate } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { GuardedSink, type SinkWatch } from './guarded-sink.ts';

export interface SinksOptions {
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
