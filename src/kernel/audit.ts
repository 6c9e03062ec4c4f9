import type { Actor } from './actor.ts';
import type { ChainedEvent, ChainHead, ChainHeads, ChainName, StoredCheckpoint } from './audit-chain.ts';

/** One administrative act or decision, as the audit trail keeps it. `details` holds no secret. */
export interface AuditEvent {
  readonly type: string;
  /** An operator's id, `client:<id>`, or `keyward` for what the service does by itself. */
  readonly actor: string;
  /** What was acted upon, such as `scope:payments` or `key:<kid>`. */
  readonly subject: string;
  readonly requestId: string | null;
  /** Of the trace that the request belonged to. */
  readonly traceId?: string | null | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An event of something that an operator did, with who approved it where it took two. */
export function actOf(
  { operatorId, requestId, traceId, approval }: Actor,
  type: string,
  subject: string,
  details: AuditEvent['details'] = {},
): AuditEvent {
  const approved = approval && { proposal: approval.proposalId, approved_by: approval.approvedBy };
  return { type, actor: operatorId, subject, requestId, traceId, details: { ...details, ...approved } };
}

export interface StoredEvent extends ChainedEvent {
  readonly hash: Uint8Array;
}

/** With the seal of the run that wrote it; null where somebody took it away. */
export interface SealedEvent extends StoredEvent {
  readonly runId: string | null;
  readonly seal: Uint8Array | null;
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

/** How far a sink of that name got, as the database remembers it. */
export interface RememberedPosition {
  /** Of this host. */
  readonly own: DeliveryPosition | undefined;
  /** Of any host: what cannot be read back is the same one for all. */
  readonly furthest: DeliveryPosition;
}

/** The audit trail as it is stored, with its checkpoints. Lists are in order and bounded by `limit`. */
export interface AuditLog extends AuditTrail {
  /** As far as they are known to be committed. */
  eventsAfter(sequence: number, limit: number): Promise<readonly StoredEvent[]>;
  /** The same, of those that something stands behind: what decides something reads no others. */
  witnessedAfter(sequence: number, limit: number): Promise<readonly StoredEvent[]>;
  sealedAfter(sequence: number, limit: number): Promise<readonly SealedEvent[]>;
  /** The last of them, in order. */
  newestEvents(limit: number): Promise<readonly StoredEvent[]>;
  /** Those of that type that something stands behind. */
  ofTypeAfter(type: string, sequence: number, limit: number): Promise<readonly StoredEvent[]>;
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
  /** Whether other processes have appended events that `eventsAfter` does not answer yet. */
  isBehind(): Promise<boolean>;
  /** The positions alone. With that commit, all that was appended before it is known to be committed, too. */
  keepPositions(positions: ReadonlyMap<string, DeliveryPosition>): Promise<void>;
  /** By the name of the sink. */
  positions(): Promise<ReadonlyMap<string, RememberedPosition>>;
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

/** Of these ranges, those that no confirmation told of since names. */
export function stillOpen(
  ranges: readonly EventRange[],
  confirmations: readonly Pick<RangeEvent, 'sequence' | 'details'>[],
): readonly EventRange[] {
  const told = confirmations.filter(({ sequence }) => !isWithin(ranges, sequence));
  const confirmed = new Set(told.flatMap(({ details }) => rangesIn(details).map(nameOf)));
  return ranges.filter((range) => !confirmed.has(nameOf(range)));
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

/** What the verifier looks at. */
export type TrailPart =
  | 'audit'
  | 'runs'
  | 'checkpoints'
  | 'ledger'
  | 'revocations'
  | 'security_events'
  | 'reports'
  | 'registry'
  | 'database'
  | 'notifications'
  | 'file';

/**
 * `bad_row`: changed since it was written. `gap`: rows are missing before others. `truncated`: the end is
 * missing. `fork`: the chain holds, but it is not the one that a checkpoint saw.
 */
type Fault = 'bad_row' | 'gap' | 'truncated' | 'fork' | 'bad_signature' | 'unreadable' | 'refused';

export interface Finding {
  readonly part: TrailPart;
  readonly fault: Fault;
  /** Such as `event 17` or `group 3`. */
  readonly place: string;
  readonly detail: string;
}

/** Keeps the first of each kind in each part: what follows from it would bury it. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  add(part: TrailPart, fault: Fault, place: string, detail: string): void {
    const kind = `${part} ${fault}`;
    if (!this.#found.has(kind)) this.#found.set(kind, { part, fault, place, detail });
  }

  all(): readonly Finding[] {
    return [...this.#found.values()];
  }
}
