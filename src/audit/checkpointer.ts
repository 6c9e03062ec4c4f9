import type { AuditLog } from '../kernel/audit.ts';
import { AUDIT_GENESIS, type Checkpoint, type StoredCheckpoint } from '../kernel/audit-chain.ts';
import type { Clock, TimeGuard } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { areLost, type RecordGap } from '../kernel/record-gap.ts';
import {
  type AuditPublicKey,
  checkpointDigest,
  composeCheckpoint,
  readCheckpoint,
} from '../token/checkpoint.ts';
import type { Delivery } from './delivery.ts';
import { refuseRollback, type SinkCheckpoint } from './refuse-rollback.ts';

export function signerCheckpoint(checkpoint: StoredCheckpoint | undefined): SinkCheckpoint {
  return { name: 'the signer', tail: { event: undefined, checkpoint } };
}

/** What the signer sealed beyond the database. */
interface SealedBeyond {
  readonly checkpoint: StoredCheckpoint;
  /** Two persons accepted what it saw as lost: the next one follows it, and it is not stored. */
  readonly isLost: boolean;
}

/**
 * The checkpoint that the signer sealed last, where the database lacks it: a crash came between signature and
 * commit, or it was lost. Undefined where nothing is lacking. `database_restored` where the database is not the one
 * that it saw.
 */
async function sealedBeyond(
  log: Pick<AuditLog, 'heads' | 'hashAt'>,
  latest: StoredCheckpoint | undefined,
  sealed: string | null,
  auditKey: AuditPublicKey,
  gaps: readonly RecordGap[],
): Promise<SealedBeyond | undefined> {
  if (sealed === null || sealed === latest?.jws) return undefined;
  const read = await readCheckpoint(sealed, auditKey);
  if (!read) return undefined;
  const { number, previous, time, heads } = read;
  const checkpoint = { number, time, auditSequence: heads.audit.sequence, jws: sealed };
  if (areLost(gaps, (latest?.number ?? 0) + 1, number)) return { checkpoint, isLost: true };
  const follows =
    number === (latest?.number ?? 0) + 1 &&
    (!latest || Buffer.compare(previous, checkpointDigest(latest.jws)) === 0);
  if (!follows) throw foreign(number, latest?.number ?? 0);
  await refuseRollback(log, [signerCheckpoint(checkpoint)], auditKey, []);
  return { checkpoint, isLost: false };
}

function foreign(sealed: number, latest: number): KeywardError {
  return new KeywardError(
    'database_restored',
    `the signer sealed checkpoint ${sealed}, which does not follow checkpoint ${latest} of the database: ` +
      'read docs/runbooks/restored-database.md',
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
  /** Of each that the database holds from now on. */
  readonly onStored: (checkpoint: StoredCheckpoint) => void;
  readonly deliveries: readonly Delivery[];
  readonly everySeconds: number;
  readonly everyEvents: number;
}

/** Keeps the sinks up to date, and takes a checkpoint each minute or 1,000 events, as configured. */
export class Checkpointer {
  readonly #deps: CheckpointerDeps;
  #latest: StoredCheckpoint | undefined;
  #working: Promise<void> | undefined;
  #isWanted = false;

  constructor(deps: CheckpointerDeps, latest: StoredCheckpoint | undefined) {
    this.#deps = deps;
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
    await Promise.all(this.#deps.deliveries.map((delivery) => delivery.pump()));
  }

  async #isDue(): Promise<boolean> {
    const { log, clock, everySeconds, everyEvents } = this.#deps;
    const age = clock.nowSeconds() - (this.#latest?.time ?? 0);
    // One that a wrong clock dated ahead is no reason to wait.
    if (this.#isWanted || !this.#latest || age >= everySeconds || age < 0) return true;
    return (await log.auditHead()).sequence - this.#latest.auditSequence >= everyEvents;
  }

  async #take(): Promise<void> {
    const { timeGuard } = this.#deps;
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
    if (beyond?.isLost) this.#latest = beyond.checkpoint;
    else if (beyond) await this.#store(beyond.checkpoint);
  }

  async #store(checkpoint: StoredCheckpoint): Promise<void> {
    const { log, deliveries, onStored } = this.#deps;
    await log.addCheckpoint(checkpoint, new Map(deliveries.map(({ sink, position }) => [sink, position])));
    this.#latest = checkpoint;
    onStored(checkpoint);
  }
}
