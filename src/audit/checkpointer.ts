import type { AuditLog, DeliveryPosition } from '../kernel/audit.ts';
import {
  AUDIT_GENESIS,
  type Checkpoint,
  type StoredCheckpoint,
  wantsCheckpoint,
} from '../kernel/audit-chain.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { RecordGap } from '../kernel/record-gap.ts';
import type { Leadership } from '../kernel/registry.ts';
import {
  type AuditPublicKey,
  checkpointDigest,
  composeCheckpoint,
  readCheckpoint,
} from '../token/checkpoint.ts';
import type { Delivery } from './delivery.ts';
import { sealedBeyond } from './sealed-beyond.ts';

function unsigned(number: number): KeywardError {
  return new KeywardError(
    'audit_trail_refused',
    `checkpoint ${number} of the database is not signed by hsm.audit_key: read docs/runbooks/changed-records.md`,
  );
}

/** The audit key as far as checkpoints need it. */
export interface CheckpointSigner {
  readonly kid: string;
  sign(signingInput: string): Promise<string>;
}

interface CheckpointerDeps {
  readonly log: AuditLog;
  readonly auditKey: CheckpointSigner & AuditPublicKey;
  /** The last checkpoint that the signer sealed, given the last one of the database; null for none. */
  readonly sealed: (latest: string | null) => Promise<string | null>;
  readonly gaps: () => readonly RecordGap[];
  readonly clock: Clock;
  readonly timeGuard: TimeGuard;
  readonly leadership: Pick<Leadership, 'leads'>;
  /** Of each that this process has stored. */
  readonly onStored: (checkpoint: StoredCheckpoint) => void;
  readonly deliveries: readonly Delivery[];
  readonly everySeconds: number;
  readonly everyEvents: number;
}

/** Events that are looked at in one tick for a change that a checkpoint should cover at once. */
const EVENTS_AT_A_TIME = 256;

/**
 * Keeps this process's sinks up to date. Where it leads, it takes a checkpoint each minute or 1,000 events, as configured;
 * where another does, it follows those that are taken.
 */
export class Checkpointer {
  readonly #deps: CheckpointerDeps;
  #latest: StoredCheckpoint | undefined;
  #working: Promise<void> | undefined;
  #isWanted = false;
  /** The last event that was looked at. */
  #seen: number;

  constructor(deps: CheckpointerDeps, latest: StoredCheckpoint | undefined) {
    this.#deps = deps;
    this.#latest = latest;
    this.#seen = latest?.auditSequence ?? 0;
  }

  /** The newest checkpoint, for anyone to keep. */
  latest(): StoredCheckpoint | undefined {
    return this.#latest;
  }

  /** To be called each second or so; a call while one is under way joins it. */
  tick(): Promise<void> {
    this.#working ??= this.#begin(async () => {
      await this.#hear();
      if (!this.#deps.leadership.leads()) await this.#follow();
      else if (await this.#isDue()) await this.#takeWhileTelling();
    });
    return this.#working;
  }

  /** The next tick takes one, whatever the time: several wishes of one second are one. */
  soon(): void {
    this.#isWanted = true;
  }

  /** A checkpoint now, whatever the time: before the service ends. None where another process leads. */
  async take(): Promise<void> {
    await this.#working?.catch(() => {});
    this.#working = this.#begin(() => this.#take());
    await this.#working;
  }

  async #begin(work: () => Promise<void>): Promise<void> {
    try {
      await this.#finish(work());
    } finally {
      this.#working = undefined;
    }
  }

  /** Sinks are served whether there is a checkpoint or not: the HSM may be away. */
  async #finish(work: Promise<void>): Promise<void> {
    try {
      await work;
    } finally {
      await this.#pump();
    }
  }

  /** Sinks get the events without waiting for the HSM. A pump that fails is tried again behind the checkpoint. */
  async #takeWhileTelling(): Promise<void> {
    const [, taken] = await Promise.allSettled([this.#pump(), this.#take()]);
    if (taken.status === 'rejected') throw taken.reason;
  }

  async #pump(): Promise<void> {
    await Promise.all(this.#deps.deliveries.map((delivery) => delivery.pump()));
  }

  async #isDue(): Promise<boolean> {
    const { log, clock, everySeconds, everyEvents } = this.#deps;
    const age = clock.nowSeconds() - (this.#latest?.time ?? 0);
    // One that a wrong clock dated ahead is no reason to wait.
    if (this.#isWanted || !this.#latest || age >= everySeconds || age < 0) return true;
    const { sequence } = await log.auditHead();
    if (sequence - this.#latest.auditSequence >= everyEvents) return true;
    return sequence > this.#seen && (await this.#seesChange());
  }

  /** Another process may have committed a change that a checkpoint should cover at once. */
  async #seesChange(): Promise<boolean> {
    const events = await this.#deps.log.eventsAfter(this.#seen, EVENTS_AT_A_TIME);
    const isWanted = events.some(wantsCheckpoint);
    this.#seen = events.at(-1)?.sequence ?? this.#seen;
    this.#isWanted ||= isWanted;
    return isWanted;
  }

  /** Sinks are told what is known to be committed alone: of what another process appended, that is to be found out. */
  async #hear(): Promise<void> {
    const { log } = this.#deps;
    if (await log.isBehind()) await log.keepPositions(this.#positions());
  }

  /** The positions are kept with each checkpoint, whoever takes it. */
  async #follow(): Promise<void> {
    // Whoever leads finds in the trail what is wanted.
    this.#isWanted = false;
    if (await this.#catchUp()) await this.#deps.log.keepPositions(this.#positions());
  }

  /** Whether another process has taken some since. `audit_trail_refused` for one that the audit key has not signed. */
  async #catchUp(): Promise<boolean> {
    const { log, auditKey } = this.#deps;
    const found = await log.lastCheckpoint();
    if (!found || found.number <= (this.#latest?.number ?? 0)) return false;
    const read = await readCheckpoint(found.jws, auditKey);
    if (read?.number !== found.number) throw unsigned(found.number);
    const { number, time, heads } = read;
    this.#goOnFrom({ number, time, auditSequence: heads.audit.sequence, jws: found.jws });
    return true;
  }

  #goOnFrom(checkpoint: StoredCheckpoint): void {
    this.#latest = checkpoint;
    this.#seen = Math.max(this.#seen, checkpoint.auditSequence);
  }

  #positions(): ReadonlyMap<string, DeliveryPosition> {
    return new Map(this.#deps.deliveries.map(({ sink, position }) => [sink, position]));
  }

  async #take(): Promise<void> {
    const { timeGuard, leadership } = this.#deps;
    if (!leadership.leads()) return await this.#follow();
    // A checkpoint of a wrong time would stop the service once the time is right again.
    timeGuard.requireSteadyTime();
    await this.#catchUp();
    await this.#adopt();
    if (!leadership.leads()) return;
    // The one that was taken up may tell that this clock is ahead.
    timeGuard.requireSteadyTime();
    const wasWanted = this.#isWanted;
    this.#isWanted = false;
    try {
      await this.#seal();
    } catch (err) {
      this.#isWanted ||= wasWanted;
      throw err;
    }
  }

  async #seal(): Promise<void> {
    const { log, auditKey, clock } = this.#deps;
    const heads = await log.ownHeads();
    const checkpoint: Checkpoint = {
      number: (this.#latest?.number ?? 0) + 1,
      previous: this.#latest ? checkpointDigest(this.#latest.jws) : AUDIT_GENESIS.hash,
      time: clock.nowSeconds(),
      heads,
    };
    const jws = await auditKey.sign(composeCheckpoint(checkpoint, auditKey.kid));
    const { number, time } = checkpoint;
    await this.#store({ number, time, auditSequence: heads.audit.sequence, jws });
  }

  /** The signer gives no number twice: what it sealed and was not committed comes first. */
  async #adopt(): Promise<void> {
    const { log, auditKey, sealed, gaps } = this.#deps;
    const latest = this.#latest;
    const beyond = await sealedBeyond(log, latest, await sealed(latest?.jws ?? null), auditKey, gaps());
    if (beyond?.isLost) this.#goOnFrom(beyond.checkpoint);
    else if (beyond) await this.#store(beyond.checkpoint);
  }

  async #store(checkpoint: StoredCheckpoint): Promise<void> {
    const { log, onStored } = this.#deps;
    await log.addCheckpoint(checkpoint, this.#positions());
    this.#goOnFrom(checkpoint);
    onStored(checkpoint);
  }
}
