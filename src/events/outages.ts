import type { Clock } from '../kernel/clock.ts';
import {
  conditionOver,
  type EventRaiser,
  type SecurityEventReport,
  securityEvent,
} from '../kernel/security-events.ts';
import { Emitter } from '../lib/emitter.ts';

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
  /** How its end is told; by default as `condition.over`. */
  readonly recovery?: (outage: Outage) => SecurityEventReport;
}

interface Told {
  readonly outage: Outage;
  readonly report: SecurityEventReport;
}

/** What happens again and again is told once in that time. */
const REPEATED_AFTER_SECONDS = 3_600;

/**
 * What is away, by its name; names come from the configuration. Each outage that lasts is told once, and so is the end
 * of one that was told.
 */
export class Outages {
  readonly #options: OutagesOptions;
  readonly #lasting = new Map<string, Outage>();
  readonly #lastHappened = new Map<string, number>();
  readonly #happened: Outage[] = [];
  readonly #toldLasting = new Map<string, Told>();
  readonly #toldHappened = new Map<string, Told>();
  readonly #over: SecurityEventReport[] = [];

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
    this.#endOf(name, this.#toldLasting);
  }

  /** What is told though it is over at once: the same of one name at most once an hour. */
  happened(name: string, why: string): void {
    const since = this.#options.clock.nowSeconds();
    const what = `${name} ${why}`;
    if (Math.abs(since - (this.#lastHappened.get(what) ?? -Infinity)) < REPEATED_AFTER_SECONDS) return;
    this.#lastHappened.set(what, since);
    this.#happened.push({ name, since, why });
  }

  /** What happened under that name is over. */
  passed(name: string): void {
    this.#endOf(name, this.#toldHappened);
  }

  raiseEvents(events: EventRaiser): void {
    const { clock, patienceSeconds } = this.#options;
    for (const report of this.#over.splice(0)) events.raise(report);
    for (const outage of this.#happened.splice(0)) this.#tell(outage, this.#toldHappened, events);
    for (const outage of this.#lasting.values()) {
      if (clock.nowSeconds() - outage.since >= patienceSeconds) this.#tell(outage, this.#toldLasting, events);
    }
  }

  #tell(outage: Outage, told: Map<string, Told>, events: EventRaiser): void {
    const report = this.#options.report(outage);
    events.raise(report);
    told.set(outage.name, { outage, report });
  }

  #endOf(name: string, told: Map<string, Told>): void {
    const ended = told.get(name);
    if (!ended) return;
    told.delete(name);
    const { recovery = ({ since }) => conditionOver(ended.report, since) } = this.#options;
    this.#over.push(recovery(ended.outage));
  }
}

/** A signer that is replaced, or a module that is started anew, is back by then. */
const HSM_PATIENCE_SECONDS = 10;
/** A sink that is served again within a minute has missed no checkpoint. */
const SINK_PATIENCE_SECONDS = 60;

/** Of sinks that somebody changed before events are raised; what comes on top is in the log. */
const MOST_CHANGES = 100;

/** A critical event that the store did not take, for those who tell of it past the store. */
export interface UnstoredEvent
  extends Pick<SecurityEventReport, 'type' | 'severity' | 'subject' | 'evidence'> {
  /** Whether storing it is tried again: once it is stored, it is told like all others. */
  readonly isRetried: boolean;
}

export type OutageWatch = ReturnType<typeof createOutageWatch>;

/** What may be away while the service goes on: the HSM tokens, for one reason or the other, the audit sinks, the log, and file descriptors. */
export function createOutageWatch(clock: Clock) {
  const hsm = new Outages({
    clock,
    patienceSeconds: HSM_PATIENCE_SECONDS,
    report: ({ name: hsm_token, since, why }) => securityEvent('hsm.unavailable', { hsm_token, since, why }),
    recovery: ({ name: hsm_token, since }) => securityEvent('hsm.available', { hsm_token, since }),
  });
  const pinOutages = () =>
    new Outages({
      clock,
      patienceSeconds: 0,
      report: ({ name: hsm_token, since, why }) =>
        securityEvent('hsm.pin_rejected', { hsm_token, since, why }),
    });
  const [pins, pinsElsewhere] = [pinOutages(), pinOutages()];
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
  const over: SecurityEventReport[] = [];
  return {
    /** Emitted once log and metric have it. */
    unstored: new Emitter<UnstoredEvent>(),
    /** For what was told around the database, which takes the event of its end. */
    isOver(told: Pick<SecurityEventReport, 'type' | 'subject'>, since: number) {
      over.push(conditionOver(told, since));
    },
    log,
    descriptors,
    hsm,
    pins,
    /** Of other hosts, which may be gone. */
    pinsElsewhere,
    sinks,
    sinkChanged(sink: string, { kind, why }: { readonly kind: string; readonly why: string }, lost: number) {
      if (sinkChanges.length >= MOST_CHANGES) return;
      const since = clock.nowSeconds();
      sinkChanges.push(securityEvent('audit.sink_changed', { sink, change: kind, since, why, lost }));
    },
    raiseEvents(events: EventRaiser) {
      for (const change of sinkChanges.splice(0)) events.raise(change);
      for (const report of over.splice(0)) events.raise(report);
      for (const each of [pins, pinsElsewhere, hsm, sinks, log, descriptors]) each.raiseEvents(events);
    },
  };
}
