import type { Actor } from '../kernel/actor.ts';

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

interface Told {
  readonly sequence: number;
  readonly type: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * The ranges that two persons are still to confirm, by what the trail tells of them, and `found` at this start. An
 * event within such a range says nothing itself.
 */
export function openRanges(told: readonly Told[], found: EventRange | undefined): readonly EventRange[] {
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

export function isWithin(ranges: readonly EventRange[], sequence: number): boolean {
  return ranges.some(({ from, to }) => from <= sequence && sequence <= to);
}

function rangesIn({ ranges }: Told['details']): readonly EventRange[] {
  return Array.isArray(ranges) ? ranges.flatMap((range) => rangeIn(range) ?? []) : [];
}

function rangeIn({ from, to, hash }: Readonly<Record<string, unknown>>): EventRange | undefined {
  if (typeof from !== 'number' || typeof to !== 'number' || typeof hash !== 'string') return undefined;
  return { from, to, hash };
}

function nameOf({ from, to, hash }: EventRange): string {
  return `${from} ${to} ${hash}`;
}
