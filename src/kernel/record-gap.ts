import type { StoredEvent } from './audit.ts';
import { auditDetailsIn, type ChainName } from './audit-chain.ts';

import type { SigningKey } from './key.ts';
import { commitmentTo, SALT_BYTES } from './ledger-chain.ts';
import { POLICY_BOUNDS } from './policy.ts';
import { isInForce, type NewRevocation, REVOCATION_ADDED } from './revocation.ts';

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

/** As the registry has them at that moment, the oldest first. */
export type RecordGaps = () => readonly RecordGap[];

/** A token is recorded at most so long after it was dated. */
export const RECORDED_WITHIN_SECONDS = 60;

/** Of tokens that are dated then, nobody can tell whether a record is missing; both included, in seconds since the epoch. */
export interface UnprovenTime {
  readonly from: number;
  readonly until: number;
}

/**
 * A client may date what it has signed, so far off the clock of this service. Not as the policy has it now: it may have
 * allowed more when the token was signed.
 */
const DATED_OFF_SECONDS = POLICY_BOUNDS.clockSkewSeconds[1];

export function isUnproven(times: readonly UnprovenTime[], iat: number): boolean {
  return times.some(({ from, until }) => isDatedIn(iat, from, until));
}

function isDatedIn(iat: number, from: number, until: number): boolean {
  return iat >= from - DATED_OFF_SECONDS && iat <= until + DATED_OFF_SECONDS;
}

/** No key that was there before goes on signing; undefined without any gap. */
export function lastRenewal(gaps: readonly RecordGap[]): number | undefined {
  return gaps.at(-1)?.issuedUntil;
}

export const RESTORE_ACCEPTED = 'database.restore_accepted';

/** Of a token whose record may be lost: dated in a gap, by a key that was there before its end. */
export function isInGap(
  gaps: readonly RecordGap[],
  { createdAt }: Pick<SigningKey, 'createdAt'>,
  iat: number,
): boolean {
  return gaps.some(
    ({ issuedFrom, issuedUntil }) => createdAt <= issuedUntil && isDatedIn(iat, issuedFrom, issuedUntil),
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

/** Whether an end of the ledger that was acknowledged by then was lost, and two persons know. */
export function isEndAcknowledged(
  gaps: readonly RecordGap[],
  { sequence, at }: { readonly sequence: number; readonly at: number },
): boolean {
  return gaps.some(({ issuedUntil, kept }) => at <= issuedUntil && sequence > kept.ledger);
}

/** Whether what stood beside the audit event of that sequence was lost with the gap. */
export function isLostIn(gaps: readonly RecordGap[], event: number): boolean {
  return gaps.some(({ firstEvent, lastEvent }) => firstEvent <= event && event <= lastEvent);
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
    kept: { ledger: of.kept_ledger, registry: of.kept_registry },
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
  'kept_registry',
] as const satisfies (keyof ReturnType<typeof gapDetails>)[];

const NO_ROOT = commitmentTo('root', new Uint8Array(SALT_BYTES), null).toString('base64url');
export const LONGEST_LIFE_SECONDS = POLICY_BOUNDS.maxTtlSeconds[1] + 2 * POLICY_BOUNDS.clockSkewSeconds[1];

interface RevokingAgain {
  readonly scopeIds: readonly string[];
  /** Last `iat` of tokens whose records may be lost. */
  readonly issuedUntil: number;
  readonly now: number;
}

/**
 * The rules that the audit trail tells of, with their own bounds. The trail does not say a root event, so that it can
 * be erased: of such a rule everything else is kept, which makes it fit more tokens, never fewer.
 */
export function revocationsIn(events: readonly StoredEvent[], again: RevokingAgain): NewRevocation[] {
  const { scopeIds, now } = again;
  return events
    .filter(({ type }) => type === REVOCATION_ADDED)
    .flatMap((event) => rulesIn(event, again))
    .filter((rule) => isInForce(rule, now) && (rule.scopeId === null || scopeIds.includes(rule.scopeId)));
}

/** Whether the rule can only be made again as one that fits more tokens. */
export function isBroadened({ detailsJson }: StoredEvent): boolean {
  return auditDetailsIn(detailsJson).root_commitment !== NO_ROOT;
}

/** The same of one event, whatever became of its scope and however long ago it lapsed. */
export function rulesIn(
  event: StoredEvent,
  { scopeIds, issuedUntil, now }: RevokingAgain,
): readonly NewRevocation[] {
  const of = auditDetailsIn(event.detailsJson);
  const scopeId = text(of.scope_id);
  const rule: NewRevocation = {
    scopeId,
    jti: text(of.jti),
    root: null,
    clientId: text(of.client_id),
    issuedFrom: time(of.issued_from),
    issuedUntil: time(of.issued_until),
    lapsesAt: time(of.lapses_at),
    createdAt: now,
    revokedBy: text(of.revoked_by) ?? event.actor,
    reason: text(of.reason) ?? '',
  };
  if (!isBroadened(event)) return [rule];
  const bounded = {
    ...rule,
    issuedFrom: rule.issuedFrom ?? 0,
    issuedUntil: Math.min(rule.issuedUntil ?? issuedUntil, issuedUntil),
    lapsesAt: now + LONGEST_LIFE_SECONDS,
  };
  if (scopeId !== null || rule.clientId !== null) return [bounded];
  return scopeIds.map((id) => ({ ...bounded, scopeId: id }));
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function time(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** Where the registry stands after a change: in the details of the change's audit event, as `registry`. */
export interface RegistryMark {
  /** The number of the signed change. */
  readonly version: number;
  /** SHA-256 of the signed head, base64url. */
  readonly sha256: string;
}

/** A row whose content waits for its signature, as its audit event names it in `unsigned`. */
export interface UnsignedMark {
  /** Table and id. */
  readonly row: string;
  /** The signed version that it restricts. */
  readonly version: number;
  /** SHA-256 of the content that waits, base64url; of `null` for a row that is to go. */
  readonly content_sha256: string;
}

type Details = Readonly<Record<string, unknown>>;

export function registryMarkIn({ registry }: Details): RegistryMark | undefined {
  if (typeof registry !== 'object' || registry === null) return undefined;
  const { version, sha256 } = registry as Details;
  return typeof version === 'number' && typeof sha256 === 'string' ? { version, sha256 } : undefined;
}

export function unsignedMarksIn({ unsigned }: Details): readonly UnsignedMark[] {
  return Array.isArray(unsigned) ? unsigned.flatMap((mark) => unsignedMarkIn(mark) ?? []) : [];
}

function unsignedMarkIn(mark: unknown): UnsignedMark | undefined {
  if (typeof mark !== 'object' || mark === null) return undefined;
  const { row, version, content_sha256 } = mark as Details;
  if (typeof row !== 'string' || typeof version !== 'number') return undefined;
  return typeof content_sha256 === 'string' ? { row, version, content_sha256 } : undefined;
}
