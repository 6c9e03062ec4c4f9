import type { Selectable } from 'kysely';
import type { SealedEvent, StoredEvent } from '../kernel/audit.ts';
import {
  AUDIT_GENESIS,
  auditEventHash,
  type BrokenChain,
  type ChainHead,
  type RunPublicKey,
  TrustedRuns,
} from '../kernel/audit-chain.ts';
import { dropOldest, RecentSet } from '../lib/recent-set.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Schema } from './schema.ts';

export function eventFromRow(row: Selectable<Schema['audit_events']>): StoredEvent {
  const { request_id: requestId, trace_id: traceId, details_json: detailsJson } = row;
  const { sequence, time, type, actor, subject, hash } = row;
  return { sequence, time, type, actor, subject, requestId, traceId, detailsJson, hash };
}

export function sealedFromRow(row: Selectable<Schema['audit_events']>): SealedEvent {
  return { ...eventFromRow(row), runId: row.run_id, seal: row.seal };
}

/** What stands behind the audit events of earlier runs; plain data, for every thread that reads them. */
export interface EventTrust {
  /** Runs that the audit key certified. */
  readonly runs: readonly RunPublicKey[];
  /** The last event that a checkpoint, a sink or a seal stood for at the start: all events up to it follow from each other. */
  readonly reach: ChainHead;
}

const KNOWN_HASHES = 50_000;
const TOLD_PLACES = 1_000;

/** Finds a stored audit event by its sequence; undefined where there is none, or its row holds what no event can. */
export type EventAt = (sequence: number) => Promise<SealedEvent | undefined>;

/** What a judgement rests on, and the hashes that it found something behind, each with the hash before it. */
interface Ground {
  readonly runs: TrustedRuns;
  readonly reach: ChainHead;
  readonly known: Map<string, string>;
}

/**
 * Judges audit events that were read. An event counts if its row gives its hash, and a run of the service sealed that
 * hash or one that follows from it. Whoever writes to the database can make neither.
 */
export class EventSeals {
  readonly #own: readonly RunPublicKey[];
  readonly #onBroken: (broken: BrokenChain) => void;
  readonly #directory: Pick<RunDirectory, 'find'>;
  readonly #told = new RecentSet(TOLD_PLACES);
  #ground: Ground;

  /** `directory`: judges the runs that began later. */
  constructor(
    own: readonly RunPublicKey[],
    onBroken: (broken: BrokenChain) => void = () => {},
    directory: Pick<RunDirectory, 'find'> = NOBODY,
  ) {
    this.#own = own;
    this.#directory = directory;
    this.#ground = groundOf(own, AUDIT_GENESIS);
    this.#onBroken = onBroken;
  }

  /** Until then only what was sealed by the runs that it began with counts. */
  trust({ runs, reach }: EventTrust): void {
    this.#ground = groundOf([...runs, ...this.#own], reach);
  }

  /** Whether that hash was judged: then its event is judged again without the one before it. */
  knows(hash: Uint8Array): boolean {
    return this.#ground.known.has(nameOf(hash));
  }

  /** Whether something stands behind the audit event of that sequence. Fails as `eventAt` does. */
  async isVouched(eventAt: EventAt, sequence: number): Promise<boolean> {
    const { runs, reach, known } = this.#ground;
    const passed: [hash: string, before: string][] = [];
    let before: Uint8Array | undefined;
    for (let at = sequence; ; at += 1) {
      const event = await eventAt(at);
      if (!event) return this.#refuse(sequence, at);
      const name = nameOf(event.hash);
      const knownBefore = known.get(name);
      if (at === 1) before = AUDIT_GENESIS.hash;
      else if (knownBefore !== undefined) before ??= Buffer.from(knownBefore, 'base64url');
      else before ??= (await eventAt(at - 1))?.hash;
      if (!before || !isHashed(before, event)) return this.#refuse(sequence, at);
      passed.push([name, nameOf(before)]);
      const isReached = at === reach.sequence && Buffer.compare(event.hash, reach.hash) === 0;
      if (isReached || knownBefore !== undefined || (await this.#isSealed(runs, event))) break;
      before = event.hash;
    }
    for (const [hash, hashBefore] of passed) {
      known.set(hash, hashBefore);
      dropOldest(known, KNOWN_HASHES);
    }
    return true;
  }

  async #isSealed(runs: TrustedRuns, event: SealedEvent): Promise<boolean> {
    const { runId } = event;
    if (runId !== null && !runs.knows(runId)) {
      const run = await this.#directory.find(runId);
      if (run) runs.trust(run);
    }
    return runs.haveSealed('audit', event);
  }

  #refuse(sequence: number, at: number): false {
    const place = `event ${sequence}`;
    if (!this.#told.has(place)) {
      this.#told.add(place);
      const why =
        at === sequence
          ? 'its content and the event before it do not give its hash'
          : `no run of the service sealed it, and event ${at} does not follow`;
      this.#onBroken({ place, why: `${why}: it counts for nothing` });
    }
    return false;
  }
}

/** No other run than those that it was told of. */
const NOBODY: Pick<RunDirectory, 'find'> = { find: async () => undefined };

function groundOf(runs: readonly RunPublicKey[], reach: ChainHead): Ground {
  return { runs: new TrustedRuns(runs), reach, known: new Map() };
}

function nameOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64url');
}

/** A row may hold what no event can. */
function isHashed(before: Uint8Array, event: SealedEvent): boolean {
  try {
    return auditEventHash(before, event).equals(event.hash);
  } catch {
    return false;
  }
}
