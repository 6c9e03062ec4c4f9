import type { AuditEvent } from '../domain/audit.ts';
import type { SinkGate } from '../kernel/audit.ts';
import type { AuditTrail } from '../domain/audit-trail.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';

const MOST_EVENTS = 1_000;

/**
 * The audit trail while the database may not be written: a sink has each event at once, as an intent; the database
 * gets them with the commit that accepts it, and whatever comes later directly.
 */
export class HeldTrail implements AuditTrail {
  readonly #sinks: SinkGate;
  readonly #clock: Clock;
  #told: { readonly event: AuditEvent; readonly time: number }[] = [];
  #then: AuditTrail | undefined;

  constructor(sinks: SinkGate, clock: Clock) {
    this.#sinks = sinks;
    this.#clock = clock;
  }

  get told(): readonly { readonly event: AuditEvent; readonly time: number }[] {
    return this.#told;
  }

  async record(event: AuditEvent): Promise<void> {
    if (this.#then) return this.#then.record(event);
    if (this.#told.length >= MOST_EVENTS) {
      throw new KeywardError(
        'overloaded',
        'too much was asked for while the database waits; start the service anew',
      );
    }
    await this.#sinks.confirm(event);
    this.#told.push({ event, time: this.#clock.nowSeconds() });
  }

  goOnWith(trail: AuditTrail): void {
    this.#then = trail;
    this.#told = [];
  }
}
