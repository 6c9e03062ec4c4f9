import type { Clock } from '../kernel/clock.ts';
import { type EventRaiser, type SecurityEventReport, securityEvent } from '../kernel/security-events.ts';

interface Outage {
  readonly name: string;
  /** Seconds since the epoch. */
  readonly since: number;
  readonly why: string;
}

interface OutagesOptions {
  readonly clock: Clock;
  /** What is over by then is not told. */
  readonly patienceSeconds: number;
  readonly report: (outage: Outage) => SecurityEventReport;
}

/** What happens again and again is told once in that time. */
const REPEATED_AFTER_SECONDS = 3_600;

/** What is away, by its name; names come from the configuration. Each outage that lasts is told once. */
export class Outages {
  readonly #options: OutagesOptions;
  readonly #lasting = new Map<string, Outage>();
  readonly #lastHappened = new Map<string, number>();
  readonly #happened: Outage[] = [];

  constructor(options: OutagesOptions) {
    this.#options = options;
  }

  /** The first cause is kept: what follows is often its consequence. */
  began(name: string, why: string): void {
    if (this.#lasting.has(name)) return;
    this.#lasting.set(name, { name, since: this.#options.clock.nowSeconds(), why });
  }

  ended(name: string): void {
    this.#lasting.delete(name);
  }

  /** What is told though it is over at once: the same of one name at most once an hour. */
  happened(name: string, why: string): void {
    const since = this.#options.clock.nowSeconds();
    const what = `${name} ${why}`;
    if (Math.abs(since - (this.#lastHappened.get(what) ?? -Infinity)) < REPEATED_AFTER_SECONDS) return;
    this.#lastHappened.set(what, since);
    this.#happened.push({ name, since, why });
  }

  raiseEvents(events: EventRaiser): void {
    const { clock, patienceSeconds, report } = this.#options;
    for (const outage of this.#happened.splice(0)) events.raise(report(outage));
    for (const outage of this.#lasting.values()) {
      if (clock.nowSeconds() - outage.since >= patienceSeconds) events.raise(report(outage));
    }
  }
}

/** A signer that is replaced, or a module that is started anew, is back by then. */
const HSM_PATIENCE_SECONDS = 10;
/** A sink that is served again within a minute has missed no checkpoint. */
const SINK_PATIENCE_SECONDS = 60;

/** Of sinks that somebody changed before events are raised; what comes on top is in the log. */
const MOST_CHANGES = 100;

export type OutageWatch = ReturnType<typeof createOutageWatch>;

/** What may be away while the service goes on: the HSM tokens, for one reason or the other, the audit sinks, the log, and file descriptors. */
export function createOutageWatch(clock: Clock) {
  const hsm = new Outages({
    clock,
    patienceSeconds: HSM_PATIENCE_SECONDS,
    report: ({ name: hsm_token, since, why }) => securityEvent('hsm.unavailable', { hsm_token, since, why }),
  });
  const pins = new Outages({
    clock,
    patienceSeconds: 0,
    report: ({ name: hsm_token, since, why }) => securityEvent('hsm.pin_rejected', { hsm_token, since, why }),
  });
  const sinks = new Outages({
    clock,
    patienceSeconds: SINK_PATIENCE_SECONDS,
    report: ({ name: sink, since, why }) => securityEvent('audit.sink_failing', { sink, since, why }),
  });
  const sinkChanges: SecurityEventReport[] = [];
  const log = new Outages({
    clock,
    patienceSeconds: 0,
    report: ({ since, why }) => securityEvent('log.failing', { since, why }),
  });
  const descriptors = new Outages({
    clock,
    patienceSeconds: 0,
    report: ({ since, why }) => securityEvent('service.file_descriptors', { since, why }),
  });
  return {
    log,
    descriptors,
    hsm,
    pins,
    sinks,
    sinkChanged(sink: string, { kind, why }: { readonly kind: string; readonly why: string }, lost: number) {
      if (sinkChanges.length >= MOST_CHANGES) return;
      const since = clock.nowSeconds();
      sinkChanges.push(securityEvent('audit.sink_changed', { sink, change: kind, since, why, lost }));
    },
    raiseEvents(events: EventRaiser) {
      for (const change of sinkChanges.splice(0)) events.raise(change);
      for (const each of [pins, hsm, sinks, log, descriptors]) each.raiseEvents(events);
    },
  };
}
