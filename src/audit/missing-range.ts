import type { AuditLog, StoredEvent } from '../kernel/audit.ts';
import {
  auditEventHash,
  CHAINS,
  type ChainHead,
  type ChainHeads,
  type ChainName,
  type StoredCheckpoint,
} from '../kernel/audit-chain.ts';
import { type AuditPublicKey, checkpointDigest, readCheckpoint } from '../token/checkpoint.ts';
import type { SinkEntry } from './sink-line.ts';

type Log = Pick<AuditLog, 'heads' | 'hashAt' | 'lastCheckpoint'>;

/** What a sink has beyond the end of the database, in order. */
export interface MissingRange {
  readonly from: { readonly audit: ChainHead; readonly checkpoint: number };
  readonly events: readonly StoredEvent[];
  readonly checkpoints: readonly StoredCheckpoint[];
  /** The signer's last checkpoint, where it is beyond all of these: what it saw besides is in no sink. */
  readonly sealed?: StoredCheckpoint | undefined;
}

/** Past it, only a newer database helps: all of them are held in memory until two persons have decided. */
const MOST_EVENTS = 200_000;

/**
 * Reads a sink's entries as the continuation of the database: every event follows from the one before it, and every
 * checkpoint is the audit key's, follows the one before it and has seen those events. Says why not where the database
 * is no older copy of what the sink has, or the sink has not all of it.
 */
export async function readMissingRange(
  log: Log,
  entries: Iterable<SinkEntry>,
  auditKey: AuditPublicKey,
): Promise<MissingRange | { readonly unfit: string }> {
  const continuation = new Continuation(log, await log.heads(), await log.lastCheckpoint(), auditKey);
  for (const entry of entries) {
    const unfit =
      entry.kind === 'event'
        ? continuation.takeEvent(entry.event)
        : entry.kind === 'checkpoint'
          ? await continuation.takeCheckpoint(entry)
          : undefined;
    if (unfit !== undefined) return { unfit };
  }
  return continuation.missingRange();
}

/** After a crash a sink may have an entry twice: what was taken is passed over. */
class Continuation {
  readonly #log: Log;
  readonly #heads: ChainHeads;
  readonly #auditKey: AuditPublicKey;
  readonly #firstCheckpoint: number;
  readonly #events: StoredEvent[] = [];
  readonly #checkpoints: StoredCheckpoint[] = [];
  #last: ChainHead;
  #digest: Uint8Array | undefined;

  constructor(log: Log, heads: ChainHeads, latest: StoredCheckpoint | undefined, auditKey: AuditPublicKey) {
    this.#log = log;
    this.#heads = heads;
    this.#auditKey = auditKey;
    this.#last = heads.audit;
    this.#firstCheckpoint = (latest?.number ?? 0) + 1;
    this.#digest = latest && checkpointDigest(latest.jws);
  }

  missingRange(): MissingRange {
    const from = { audit: this.#heads.audit, checkpoint: this.#firstCheckpoint - 1 };
    return { from, events: this.#events, checkpoints: this.#checkpoints };
  }

  takeEvent(event: StoredEvent): string | undefined {
    const next = this.#last.sequence + 1;
    if (event.sequence < next) return undefined;
    if (event.sequence > next) return `event ${next} is missing in it`;
    if (!auditEventHash(this.#last.hash, event).equals(event.hash)) {
      return `its event ${next} does not follow from the end of the database`;
    }
    if (this.#events.length >= MOST_EVENTS) return `it has more than ${MOST_EVENTS} events beyond`;
    this.#events.push(event);
    this.#last = event;
    return undefined;
  }

  async takeCheckpoint({ number, jws }: { number: number; jws: string }): Promise<string | undefined> {
    const next = this.#firstCheckpoint + this.#checkpoints.length;
    if (number < next) return undefined;
    const place = `its checkpoint ${number}`;
    const read = await readCheckpoint(jws, this.#auditKey);
    if (read?.number !== number) return `${place} is not signed by the audit key`;
    if (number > next) return `checkpoint ${next} is missing in it`;
    if (this.#digest && Buffer.compare(this.#digest, read.previous) !== 0) {
      return `${place} was taken after another checkpoint than the one before it`;
    }
    for (const chain of CHAINS) {
      if (!(await this.#fits(chain, read.heads[chain]))) return `${place} saw another ${chain}`;
    }
    this.#digest = checkpointDigest(jws);
    this.#checkpoints.push({ number, time: read.time, auditSequence: read.heads.audit.sequence, jws });
    return undefined;
  }

  /** What lies beyond the database is the sink's word, but for the events, which it has. */
  async #fits(chain: ChainName, { sequence, hash }: ChainHead): Promise<boolean> {
    const end = this.#heads[chain].sequence;
    if (sequence > end && chain !== 'audit') return true;
    const known =
      sequence > end ? this.#events[sequence - end - 1]?.hash : await this.#log.hashAt(chain, sequence);
    // Of the registry only the newest head is kept.
    if (known === undefined && chain === 'registry') return true;
    return known !== undefined && Buffer.compare(known, hash) === 0;
  }
}

/** Whether the database agrees with the checkpoint as far as it goes. */
export async function isOlderCopy(
  log: Log,
  { jws }: StoredCheckpoint,
  auditKey: AuditPublicKey,
): Promise<boolean> {
  const read = await readCheckpoint(jws, auditKey);
  if (!read) return false;
  const now = await log.heads();
  for (const chain of CHAINS) {
    const { sequence, hash } = read.heads[chain];
    const known = now[chain].sequence < sequence ? hash : await log.hashAt(chain, sequence);
    // Of the registry only the newest head is kept.
    if (known === undefined && chain === 'registry') continue;
    if (known === undefined || Buffer.compare(known, hash) !== 0) return false;
  }
  return true;
}
