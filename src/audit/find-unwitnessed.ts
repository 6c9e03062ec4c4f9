import type { AuditEvent, AuditLog, AuditTrail, EventRange, SealedEvent, SinkGate } from '../kernel/audit.ts';
import {
  auditDetailsIn,
  auditEventHash,
  type ChainHead,
  type StoredRun,
  verifySeal,
} from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type RegistryMark, registryMarkIn } from '../kernel/record-gap.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { isCertified } from '../token/run-certificate.ts';
import type { Runs } from './trail.ts';

const EVENTS_A_STEP = 256;

interface TrailDeps {
  readonly log: Pick<AuditLog, 'sealedAfter'>;
  readonly runs: Pick<Runs, 'find' | 'own'>;
  readonly auditKey: AuditPublicKey;
  /** What the last checkpoint saw. */
  readonly from: ChainHead;
  /** The last event that a sink holds too. */
  readonly sinkReach: number;
}

export interface WitnessedTrail {
  /** Whether this run has written to the trail since, which begins with a word of what is unwitnessed. */
  readonly isRecorded: boolean;
  /** The last event that a checkpoint, a sink or a seal stands for. */
  readonly reach: ChainHead;
  /** The end of the trail that neither a checkpoint nor a sink nor a seal stands for. */
  readonly unwitnessed: EventRange | undefined;
  /** Where the registry stood after the last witnessed change of it; undefined where none came after `from`. */
  readonly registry: RegistryMark | undefined;
  /** The same, by whatever the trail tells. */
  readonly recordedRegistry: RegistryMark | undefined;
}

/**
 * Walks the trail behind the last checkpoint. A good seal stands for all events up to its own, since its hash
 * covers them. `audit_trail_refused` where the events do not follow one from the other.
 */
export async function findUnwitnessed(deps: TrailDeps): Promise<WitnessedTrail> {
  const { log, from, sinkReach } = deps;
  const seals = new Seals(deps);
  const marks: { readonly sequence: number; readonly isOwn: boolean; readonly mark: RegistryMark }[] = [];
  let end = from;
  /** Before what this run has written: its own seal stands for itself alone. */
  let earlier = from;
  let reach: ChainHead = from;
  for (let page = await log.sealedAfter(end.sequence, EVENTS_A_STEP); page.length > 0; ) {
    for (const event of page) {
      requireNext(end, event);
      const isOwn = seals.isOwn(event);
      const isReached = event.sequence <= sinkReach || (!isOwn && (await seals.isGood(event)));
      if (isReached) reach = { sequence: event.sequence, hash: event.hash };
      const mark = registryMarkIn(auditDetailsIn(event.detailsJson));
      if (mark) marks.push({ sequence: event.sequence, isOwn, mark });
      end = event;
      if (!isOwn) earlier = event;
    }
    page = await log.sealedAfter(end.sequence, EVENTS_A_STEP);
  }
  const hash = Buffer.from(earlier.hash).toString('base64url');
  return {
    unwitnessed:
      reach.sequence < earlier.sequence
        ? { from: reach.sequence + 1, to: earlier.sequence, hash }
        : undefined,
    isRecorded: earlier !== end,
    reach,
    registry: marks.findLast(({ sequence, isOwn }) => isOwn || sequence <= reach.sequence)?.mark,
    recordedRegistry: marks.at(-1)?.mark,
  };
}

function requireNext(last: ChainHead, event: SealedEvent): void {
  if (event.sequence === last.sequence + 1 && auditEventHash(last.hash, event).equals(event.hash)) return;
  throw new KeywardError(
    'audit_trail_refused',
    `Event ${last.sequence + 1} of the audit trail does not follow from the one before it: the trail was changed. ` +
      'Put the database back as docs/runbooks/changed-records.md says.',
  );
}

/** Each run is looked up once. */
class Seals {
  readonly #deps: Pick<TrailDeps, 'runs' | 'auditKey'>;
  readonly #runs = new Map<string, StoredRun | undefined>();

  constructor(deps: Pick<TrailDeps, 'runs' | 'auditKey'>) {
    this.#deps = deps;
  }

  isOwn({ sequence, runId, seal, hash }: SealedEvent): boolean {
    const { own } = this.#deps.runs;
    return runId === own.id && seal !== null && verifySeal(own, 'audit', { sequence, hash }, seal);
  }

  async isGood({ sequence, runId, seal, hash }: SealedEvent): Promise<boolean> {
    if (runId === null || seal === null) return false;
    const run = await this.#certified(runId);
    return run !== undefined && verifySeal(run, 'audit', { sequence, hash }, seal);
  }

  async #certified(id: string): Promise<StoredRun | undefined> {
    if (!this.#runs.has(id)) {
      const run = await this.#deps.runs.find(id);
      this.#runs.set(id, run && (await isCertified(run, this.#deps.auditKey)) ? run : undefined);
    }
    return this.#runs.get(id);
  }
}

const MOST_EVENTS = 1_000;

/**
 * The audit trail while the database may not be written: a sink has each event at once, as an intent; the database
 * gets them with the commit that accepts it, and whatever comes later directly.
 */
export class BufferedTrail implements AuditTrail {
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
