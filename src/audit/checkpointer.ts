import { AUDIT_GENESIS } from '../kernel/audit-chain.ts';
import type { AuditLog } from '../domain/audit-log.ts';
import type { Checkpoint, StoredCheckpoint } from '../domain/checkpoint.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import type { RecordGap } from '../kernel/record-gap.ts';
import { type AuditPublicKey, checkpointDigest, composeCheckpoint } from '../token/checkpoint.ts';
import { sealedBeyond } from './adopt-sealed.ts';
import type { Delivery } from './delivery.ts';

/** The audit key as far as checkpoints need it. */
export interface CheckpointSigner {
  readonly kid: string;
  sign(signingInput: string): Promise<string>;
}

export interface CheckpointerParts {
  readonly log: AuditLog;
  readonly auditKey: CheckpointSigner & AuditPublicKey;
  /** The last checkpoint that the signer sealed, given the last one of the database; null for none. */
  readonly sealed: (latest: string | null) => Promise<string | null>;
  readonly gaps: () => readonly RecordGap[];
  readonly clock: Clock;
  readonly timeGuard: TimeGuard;
  /** Of each that the database holds from now on. */
  readonly onStored: (checkpoint: StoredCheckpoint) => void;
  readonly deliveries: readonly Delivery[];
  readonly everySeconds: number;
  readonly everyEvents: number;
}

/** Keeps the sinks up to date, and takes a checkpoint each minute or 1,000 events, as configured. */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #latest: StoredCheckpoint | undefined;
  #working: Promise<void> | undefined;
  #isWanted = false;

  constructor(parts: CheckpointerParts, latest: StoredCheckpoint | undefined) {
    this.#parts = parts;
    this.#latest = latest;
  }

  /** The newest checkpoint, for anyone to keep. */
  latest(): StoredCheckpoint | undefined {
    return this.#latest;
  }

  /** To be called each second or so; a call while one is under way joins it. */
  tick(): Promise<void> {
    this.#working ??= this.#begin(async () => {
      if (await this.#isDue()) await this.#takeWhileTelling();
    });
    return this.#working;
  }

  /** The next tick takes one, whatever the time: several wishes of one second are one. */
  soon(): void {
    this.#isWanted = true;
  }

  /** A checkpoint now, whatever the time: before the service ends. */
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
    await Promise.all(this.#parts.deliveries.map((delivery) => delivery.pump()));
  }

  async #isDue(): Promise<boolean> {
    const { log, clock, everySeconds, everyEvents } = this.#parts;
    const age = clock.nowSeconds() - (this.#latest?.time ?? 0);
    // One that a wrong clock dated ahead is no reason to wait.
    if (this.#isWanted || !this.#latest || age >= everySeconds || age < 0) return true;
    return (await log.auditHead()).sequence - this.#latest.auditSequence >= everyEvents;
  }

  async #take(): Promise<void> {
    const { timeGuard } = this.#parts;
    // A checkpoint of a wrong time would stop the service once the time is right again.
    timeGuard.requireSteadyTime();
    await this.#adopt();
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
    const { log, auditKey, clock } = this.#parts;
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
    const { log, auditKey, sealed, gaps } = this.#parts;
    const latest = this.#latest;
    const beyond = await sealedBeyond(log, latest, await sealed(latest?.jws ?? null), auditKey, gaps());
    if (beyond?.isLost) this.#latest = beyond.checkpoint;
    else if (beyond) await this.#store(beyond.checkpoint);
  }

  async #store(checkpoint: StoredCheckpoint): Promise<void> {
    const { log, deliveries, onStored } = this.#parts;
    await log.addCheckpoint(checkpoint, new Map(deliveries.map(({ sink, position }) => [sink, position])));
    this.#latest = checkpoint;
    onStored(checkpoint);
  }
}
