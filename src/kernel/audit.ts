import type { Actor } from './actor.ts';
import type { ChainedEvent, ChainHead, ChainHeads, ChainName, StoredCheckpoint } from './audit-chain.ts';
import type { PublicJwk } from './key.ts';

/** One administrative act or decision, as the audit trail keeps it. `details` holds no secret. */
export interface AuditEvent {
  readonly type: string;
  /** An operator's id, `client:<id>`, or `keyward` for what the service does by itself. */
  readonly actor: string;
  /** What was acted upon, such as `scope:payments` or `key:<kid>`. */
  readonly subject: string;
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An event of something that an operator did, with who approved it where it took two. */
export function actOf(
  { operatorId, requestId, approval }: Actor,
  type: string,
  subject: string,
  details: AuditEvent['details'] = {},
): AuditEvent {
  const approved = approval && { proposal: approval.proposalId, approved_by: approval.approvedBy };
  return { type, actor: operatorId, subject, requestId, details: { ...details, ...approved } };
}

export interface StoredEvent extends ChainedEvent {
  readonly hash: Uint8Array;
}

/** With the seal of the run that wrote it; null where somebody took it away. */
export interface SealedEvent extends StoredEvent {
  readonly runId: string | null;
  readonly seal: Uint8Array | null;
}

/** One line of a sink or an export. */
export type SinkEntry =
  | { readonly kind: 'audit_key'; readonly publicJwk: PublicJwk }
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'checkpoint'; readonly number: number; readonly jws: string }
  /** A change that weakens, told before it is made; the event follows once it is. */
  | { readonly kind: 'intent'; readonly time: number; readonly event: AuditEvent };

/** The last of each that a sink holds. */
export interface SinkTail {
  readonly event: { readonly sequence: number; readonly hash: Uint8Array } | undefined;
  readonly checkpoint: { readonly number: number; readonly jws: string } | undefined;
}

/** What somebody else did to a sink. */
export interface SinkChange {
  readonly why: string;
  /** Whether entries that it had are gone from it. */
  readonly isLost: boolean;
}

/** Where the audit trail is kept a second time. */
export interface AuditSink {
  readonly name: string;
  /** Undefined where the sink cannot be read back. */
  tail(): Promise<SinkTail | undefined>;
  /** All that it holds, from the beginning; undefined where the sink cannot be read back. */
  history(): Iterable<SinkEntry> | undefined;
  /** What somebody else did to it since it was last written, told once; undefined where nothing, or where it cannot be seen. */
  examine(): Promise<SinkChange | undefined>;
  /** Settles once the entries are there, as durably as the sink can tell. Never called twice at a time. */
  write(entries: readonly SinkEntry[]): Promise<void>;
  /** Gives up what hangs; the next write begins anew. */
  reset(): void;
}

/** Asked before a change that weakens is made. */
export interface SinkGate {
  /** Settles once a sink holds the intent. `audit_sink_unavailable` when none does in time. */
  confirm(event: AuditEvent): Promise<void>;
}

/** For what happened without a change to commit with it, such as a refusal or the start of the service. */
export interface AuditTrail {
  /** Settles once the event is durable. `store_unavailable`. */
  record(event: AuditEvent): Promise<void>;
}

/** How far a sink got. */
export interface DeliveryPosition {
  readonly sequence: number;
  readonly checkpointNumber: number;
}

/** The audit trail as it is stored, with its checkpoints. Lists are in order and bounded by `limit`. */
export interface AuditLog extends AuditTrail {
  eventsAfter(sequence: number, limit: number): Promise<readonly StoredEvent[]>;
  /** The same, of those that something stands behind: what decides something reads no others. */
  witnessedAfter(sequence: number, limit: number): Promise<readonly StoredEvent[]>;
  sealedAfter(sequence: number, limit: number): Promise<readonly SealedEvent[]>;
  /** The last of them, in order. */
  newestEvents(limit: number): Promise<readonly StoredEvent[]>;
  /** The newest first. */
  newestOfType(type: string, limit: number): Promise<readonly StoredEvent[]>;
  /** The last of that type about that subject. */
  lastAbout(subject: string, type: string): Promise<StoredEvent | undefined>;
  checkpointsAfter(number: number, limit: number): Promise<readonly StoredCheckpoint[]>;
  lastCheckpoint(): Promise<StoredCheckpoint | undefined>;
  auditHead(): Promise<ChainHead>;
  /** All of one moment. */
  heads(): Promise<ChainHeads>;
  /** All of one moment, for a checkpoint. `audit_trail_refused` where the trail has another end than was written. */
  ownHeads(): Promise<ChainHeads>;
  /** The hash at that place of the chain; undefined where the chain does not reach, or does not keep it. */
  hashAt(chain: ChainName, sequence: number): Promise<Uint8Array | undefined>;
  addCheckpoint(
    checkpoint: StoredCheckpoint,
    positions: ReadonlyMap<string, DeliveryPosition>,
  ): Promise<void>;
  positions(): Promise<ReadonlyMap<string, DeliveryPosition>>;
}

/** The details of a stored event; empty where somebody made of them what is no JSON object. */
export function auditDetailsIn(json: string): Readonly<Record<string, unknown>> {
  try {
    const details: unknown = JSON.parse(json);
    return typeof details === 'object' && details !== null ? { ...details } : {};
  } catch {
    // The chain says that the event was changed.
    return {};
  }
}

/** Audit events, one after the other, that nothing but the database vouches for. */
export interface EventRange {
  readonly from: number;
  readonly to: number;
  /** The hash of the last one, base64url: it fixes all of them. */
  readonly hash: string;
}

export const UNWITNESSED = 'audit.unwitnessed';
export const CONFIRMED_UNWITNESSED = 'audit.unwitnessed_confirmed';
/** The subject of both: they are found by it. */
export const UNWITNESSED_SUBJECT = 'audit';

export interface UnwitnessedTrail {
  list(): readonly EventRange[];
  /** Reads what the trail says of such ranges, beside the one that was found at this start. */
  load(found: EventRange | undefined): Promise<void>;
  /** Writes down the range found, before anything else is appended to it. */
  record(range: EventRange): Promise<void>;
  /** From now on they count as what they say. Answers which ranges these were. */
  confirm(reason: string, actor: Actor): Promise<readonly EventRange[]>;
}

interface RangeEvent {
  readonly sequence: number;
  readonly type: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * The ranges that two persons are still to confirm, by what the trail tells of them, and `found` at this start. An
 * event within such a range says nothing itself.
 */
export function openRanges(
  told: readonly RangeEvent[],
  found: EventRange | undefined,
): readonly EventRange[] {
  const confirmed = new Set<string>();
  const open = found ? [found] : [];
  for (const { sequence, type, details } of told.toSorted((a, b) => b.sequence - a.sequence)) {
    if (isWithin(open, sequence)) continue;
    if (type === CONFIRMED_UNWITNESSED) for (const range of rangesIn(details)) confirmed.add(nameOf(range));
    if (type !== UNWITNESSED) continue;
    const range = rangeIn(details);
    if (!range || confirmed.has(nameOf(range))) continue;
    if (!open.some((each) => nameOf(each) === nameOf(range))) open.push(range);
  }
  return open.toSorted((a, b) => a.from - b.from);
}

function isWithin(ranges: readonly EventRange[], sequence: number): boolean {
  return ranges.some(({ from, to }) => from <= sequence && sequence <= to);
}

function rangesIn({ ranges }: RangeEvent['details']): readonly EventRange[] {
  return Array.isArray(ranges) ? ranges.flatMap((range) => rangeIn(range) ?? []) : [];
}

function rangeIn({ from, to, hash }: Readonly<Record<string, unknown>>): EventRange | undefined {
  if (typeof from !== 'number' || typeof to !== 'number' || typeof hash !== 'string') return undefined;
  return { from, to, hash };
}

function nameOf({ from, to, hash }: EventRange): string {
  return `${from} ${to} ${hash}`;
}

/** What the audit trail tells of archive segments: by these events alone a segment came, changed and went. */
export const ARCHIVE_EVENTS = {
  sealed: 'ledger.archived',
  /** Another file took its place, without the values that were erased. */
  replaced: 'ledger.erased',
  removed: 'ledger.archive_removed',
} as const;

/** A segment as the database lists it. */
export interface ArchiveFacts {
  readonly number: number;
  readonly file: string;
  /** SHA-256 of the file. */
  readonly fileDigest: Uint8Array;
  readonly firstGroup: number;
  readonly lastGroup: number;
  readonly firstRecord: number;
  readonly lastRecord: number;
  readonly lastExp: number;
  readonly kidsJson: string;
  readonly sealedAt: number;
  readonly removedAt: number | null;
}

export function archiveSubject(number: number): string {
  return `ledger_archive:${number}`;
}

export function sealedDetails(facts: Omit<ArchiveFacts, 'number' | 'removedAt'>): AuditEvent['details'] {
  return {
    ...fileDetails(facts),
    groups: [facts.firstGroup, facts.lastGroup],
    records: [facts.firstRecord, facts.lastRecord],
    last_exp: facts.lastExp,
    kids: JSON.parse(facts.kidsJson),
    sealed_at: facts.sealedAt,
  };
}

export function fileDetails({ file, fileDigest }: Pick<ArchiveFacts, 'file' | 'fileDigest'>) {
  return { file, file_digest: Buffer.from(fileDigest).toString('base64url') };
}

export function removedDetails(file: string, removedAt: number): AuditEvent['details'] {
  return { file, removed_at: removedAt };
}
