import type { JsonObject } from '../lib/json.ts';
import type { Actor } from './actor.ts';
import type { ChainName } from '../domain/checkpoint.ts';
import type { SigningKey } from './key.ts';

/** What a database that was put back from an older copy had lost, as two persons accepted it. */
export interface RecordGap {
  /** 1, 2, 3 … */
  readonly id: number;
  readonly reason: string;
  /** First and last `iat` of tokens whose records may be lost; seconds since the epoch. */
  readonly issuedFrom: number;
  readonly issuedUntil: number;
  /**
   * Events that were taken over from a sink, and checkpoints that are known to have been: those that no sink has are
   * lost with what they saw. The first is beyond the last where there was none.
   */
  readonly firstEvent: number;
  readonly lastEvent: number;
  readonly firstCheckpoint: number;
  readonly lastCheckpoint: number;
  /** Where the other chains stood in the copy: what those checkpoints saw beyond is gone. */
  readonly kept: Readonly<Record<Exclude<ChainName, 'audit'>, number>>;
  /** When all that the gap holds of restrictions was in force again; null until then. */
  readonly settledAt: number | null;
}

/** A database that waits for the decision of two persons. */
export interface HeldRestore {
  /** What the copy has, and what it would have. */
  describe(): { readonly before: JsonObject; readonly after: JsonObject };
  /** `audit_sink_unavailable`, `hsm_unavailable`, `store_unavailable`. */
  accept(reason: string, actor: Actor): Promise<RecordGap>;
}

export const RESTORE_ACCEPTED = 'database.restore_accepted';

/** Of a token whose record may be lost: dated in a gap, by a key that was there before its end. */
export function isInGap(
  gaps: readonly RecordGap[],
  { createdAt }: Pick<SigningKey, 'createdAt'>,
  iat: number,
  clockSkewSeconds: number,
): boolean {
  return gaps.some(
    ({ issuedFrom, issuedUntil }) =>
      createdAt <= issuedUntil &&
      iat >= issuedFrom - clockSkewSeconds &&
      iat <= issuedUntil + clockSkewSeconds,
  );
}

/** Whether what that checkpoint saw of a chain was lost, and two persons know. */
export function isAcknowledged(
  gaps: readonly RecordGap[],
  number: number,
  chain: ChainName,
  sequence: number,
): boolean {
  return gaps.some(
    ({ firstCheckpoint, lastCheckpoint, lastEvent, kept }) =>
      number >= firstCheckpoint &&
      number <= lastCheckpoint &&
      sequence > (chain === 'audit' ? lastEvent : kept[chain]),
  );
}

/** Whether these checkpoints, all of them, are among what was lost. */
export function areLost(gaps: readonly RecordGap[], first: number, last: number): boolean {
  return gaps.some(
    ({ firstCheckpoint, lastCheckpoint }) => first >= firstCheckpoint && last <= lastCheckpoint,
  );
}

/** As the audit event of the acceptance tells it, and the row beside it. */
export function gapDetails(gap: RecordGap) {
  return {
    gap: gap.id,
    reason: gap.reason,
    issued_from: gap.issuedFrom,
    issued_until: gap.issuedUntil,
    first_event: gap.firstEvent,
    last_event: gap.lastEvent,
    first_checkpoint: gap.firstCheckpoint,
    last_checkpoint: gap.lastCheckpoint,
    kept_ledger: gap.kept.ledger,
    kept_revocations: gap.kept.revocations,
    kept_registry: gap.kept.registry,
  };
}

/** Undefined for what tells of no gap. */
export function gapIn(details: Readonly<Record<string, unknown>>): RecordGap | undefined {
  const { reason } = details;
  const numbers = NUMBERS.map((name) => details[name]);
  if (typeof reason !== 'string' || !numbers.every((value) => Number.isSafeInteger(value))) return undefined;
  const of = details as ReturnType<typeof gapDetails>;
  return {
    id: of.gap,
    reason,
    issuedFrom: of.issued_from,
    issuedUntil: of.issued_until,
    firstEvent: of.first_event,
    lastEvent: of.last_event,
    firstCheckpoint: of.first_checkpoint,
    lastCheckpoint: of.last_checkpoint,
    kept: { ledger: of.kept_ledger, revocations: of.kept_revocations, registry: of.kept_registry },
    settledAt: null,
  };
}

const NUMBERS = [
  'gap',
  'issued_from',
  'issued_until',
  'first_event',
  'last_event',
  'first_checkpoint',
  'last_checkpoint',
  'kept_ledger',
  'kept_revocations',
  'kept_registry',
] as const satisfies (keyof ReturnType<typeof gapDetails>)[];
