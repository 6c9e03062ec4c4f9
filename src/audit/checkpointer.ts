import { AUDIT_GENESIS } from '../domain/audit-chain.ts';
import type { AuditLog } from '../domain/audit-log.ts';
import type { Checkpoint, StoredCheckpoint } from '../domain/checkpoint.ts';
import type { Clock, TimeGuard } from '../domain/clock.ts';
import { checkpointDigest, composeCheckpoint } from '../token/checkpoint.ts';
import type { Delivery } from './delivery.ts';

/** The audit key as far as checkpoints need it. */
export interface CheckpointSigner {
  readonly kid: string;
  sign(signingInput: string): Promise<string>;
}

export interface CheckpointerParts {
  readonly log: AuditLog;
  readonly auditKey: CheckpointSigner;
  readonly clock: Clock;
  readonly timeGuard: TimeGuard;
  readonly deliveries: readonly Delivery[];
  readonly everySeconds: number;
  readonly everyEvents: number;
}

/** Keeps the sinks up to date, and takes a checkpoint each minute or 1,000 events, as configured. */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #latest: StoredCheckpoint | undefined;
  #working: Promise<void> | undefined;

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
      if (await this.#isDue()) await this.#take();
    });
    return this.#working;
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
      await Promise.all(this.#parts.deliveries.map((delivery) => delivery.pump()));
    }
  }

  async #isDue(): Promise<boolean> {
    const { log, clock, everySeconds, everyEvents } = this.#parts;
    if (!this.#latest || clock.nowSeconds() - this.#latest.time >= everySeconds) return true;
    return (await log.auditHead()).sequence - this.#latest.auditSequence >= everyEvents;
  }

  async #take(): Promise<void> {
    const { log, auditKey, clock, timeGuard, deliveries } = this.#parts;
    // A checkpoint of a wrong time would stop the service once the time is right again.
    timeGuard.requireSteadyTime();
    const heads = await log.heads();
    const checkpoint: Checkpoint = {
      number: (this.#latest?.number ?? 0) + 1,
      previous: this.#latest ? checkpointDigest(this.#latest.jws) : AUDIT_GENESIS.hash,
      time: clock.nowSeconds(),
      heads,
    };
    const jws = await auditKey.sign(composeCheckpoint(checkpoint, auditKey.kid));
    const { number, time } = checkpoint;
    const stored = { number, time, auditSequence: heads.audit.sequence, jws };
    await log.addCheckpoint(stored, new Map(deliveries.map(({ sink, position }) => [sink, position])));
    this.#latest = stored;
  }
}
