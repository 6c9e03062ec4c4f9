import type { AuditEvent } from '../../kernel/audit.ts';
import type { ChainHead } from '../../kernel/audit-chain.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { hasOneOf } from '../chain-end.ts';
import type { Trx } from '../schema.ts';
import { isMarked, readMark } from './commit-change.ts';
import type { HeldRows } from './read-changes.ts';
import { readHead, type StoredHead } from './read-stored.ts';
import { rowKey } from './tables.ts';
import type { PreparedChange, PreparedRow } from './trusted-registry.ts';
import type { TrustedRow } from './verify-stored.ts';

/** What else commits with a change. */
export type Beside = (trx: Trx) => Promise<void>;

/** All that one commit takes: it can be repeated. */
export interface IntendedChange {
  readonly prepared: PreparedChange;
  readonly events: readonly AuditEvent[];
  readonly beside: Beside;
  /** That it was planned on. */
  readonly head: StoredHead | null;
  /** The last audit event of each transaction that tried: where one was committed, the trail has its event. */
  readonly traces: ChainHead[];
}

export function asRepetition(change: IntendedChange): IntendedChange {
  const events = change.events.map((event) => ({ ...event, details: { ...event.details, repeated: true } }));
  return { ...change, events };
}

/** Those that the database does not show, of changes that were committed one behind the other: whatever is lost is their end. */
export async function withoutCommitted(
  trx: Trx,
  changes: readonly IntendedChange[],
): Promise<readonly IntendedChange[]> {
  const last = changes.at(-1);
  if (last === undefined || (await isCommitted(trx, last))) return [];
  return [...(await withoutCommitted(trx, changes.slice(0, -1))), last];
}

/** Others may have changed the same since: then the audit trail tells. */
export async function isCommitted(trx: Trx, change: IntendedChange): Promise<boolean> {
  const standing = await standingOf(trx, change);
  return standing === 'beyond' ? await hasOneOf(trx, 'audit', change.traces) : standing === 'after';
}

/** Where the database stands: before the change, after it, or where another change has left it. */
async function standingOf(
  trx: Trx,
  { prepared: { rows, sealed }, head }: IntendedChange,
): Promise<'before' | 'after' | 'beyond'> {
  if (sealed) {
    const found = (await readHead(trx))?.signature;
    if (found === sealed.head.signature) return 'after';
    return found === head?.signature ? 'before' : 'beyond';
  }
  const [row] = rows;
  if (!row) return 'before';
  const mark = await readMark(trx, row);
  if (isMarked(mark, row.after)) return 'after';
  return isMarked(mark, row.before) ? 'before' : 'beyond';
}

/** Whether nobody else has changed anything of what it touches since it was lost. */
export async function isUndone(trx: Trx, change: IntendedChange): Promise<boolean> {
  const { rows, sealed } = change.prepared;
  if (sealed && (await standingOf(trx, change)) !== 'before') return false;
  for (const row of rows) if (!isMarked(await readMark(trx, row), row.before)) return false;
  return true;
}

/** Of changes that were committed one behind the other, and are lost: rows that are as they were before the first of them. */
export async function undoneRows(trx: Trx, lost: readonly IntendedChange[]): Promise<readonly PreparedRow[]> {
  const undone = new Map<string, PreparedRow>();
  for (const row of lost.flatMap(({ prepared: { rows } }) => rows)) {
    const key = rowKey(row.table, row.id);
    const first = undone.get(key);
    if (first) undone.set(key, { ...first, after: row.after });
    else if (isMarked(await readMark(trx, row), row.before)) undone.set(key, row);
  }
  return [...undone.values()];
}

/** The rows of changes that are lost and will be repeated, as they were before. */
export function heldBy(lost: readonly IntendedChange[]): HeldRows {
  const held = new Map<string, TrustedRow | undefined>();
  for (const { prepared } of lost) {
    for (const { table, id, before } of prepared.rows) {
      const key = rowKey(table, id);
      if (!held.has(key)) held.set(key, before);
    }
  }
  return held;
}

export function isRefusal(error: unknown): boolean {
  return error instanceof KeywardError && error.code === 'registry_refused';
}
