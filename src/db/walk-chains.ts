import { constants, setPriority } from 'node:os';
import type { Selectable } from 'kysely';
import type { BrokenChain, ChainHead } from '../kernel/audit-chain.ts';
import {
  commitmentTo,
  GROUP_FAULTS,
  type GroupBefore,
  type LedgerGroup,
  linkFault,
  MOST_ROWS,
  type PlacedRow,
  rowsFault,
  SALT_BYTES,
} from '../kernel/ledger-chain.ts';
import {
  type ChainedRevocation,
  type Revocation,
  type RevocationPage,
  revocationHash,
} from '../kernel/revocation.ts';
import type { TrustedRuns } from '../kernel/runs.ts';
import { type GroupColumns, ledgerGroup } from './ledger-row.ts';
import type { Schema } from './schema.ts';
import type { Prepared } from './statements.ts';
import type { WalkCalls, WalkedGroups, WalkStatements } from './walk-protocol.ts';

/** Whether SQLite holds a number that JavaScript cannot: the service writes none. */
export function isForeignNumber(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_OUT_OF_RANGE';
}

/** Somewhere behind that element. */
export function foreignNumber(unit: string, after: number): BrokenChain {
  return {
    place: `behind ${unit} ${after}`,
    why: 'a number in it is larger than any that the service writes',
  };
}

type Asks = WalkCalls['groups']['asks'];

/** Read in one transaction: with some thousand rows a few hundredths of a second. */
const GROUPS_A_STEP = 500;
/**
 * Of more groups than that, read with their rows, one in eight seals is verified: it takes as long as reading and
 * hashing ten rows. Up to an end that the writer remembers, the hashes alone show whether a group was put in or changed,
 * but for its seal.
 */
const FEW_GROUPS = 64;
const SEAL_SHARE = 8;
/** Told of one step: behind the first, others are its consequence. */
const MOST_FLAWS = 8;

/** The next groups of the ledger: what is wrong with one of them, or with its rows. */
export function walkGroups(
  prepared: Prepared<keyof WalkStatements>,
  trusted: TrustedRuns,
  asks: Asks,
): WalkedGroups {
  try {
    return new GroupWalk(prepared, trusted, asks).walk();
  } catch (error) {
    if (!isForeignNumber(error)) throw error;
    return { at: asks.after, broken: [foreignNumber('group', asks.after.sequence)], isEnd: true, rows: 0 };
  }
}

class GroupWalk {
  readonly #prepared: Prepared<keyof WalkStatements>;
  readonly #trusted: TrustedRuns;
  readonly #asks: Asks;
  readonly #archivedGroup: number;
  #at: GroupBefore;
  #rows = 0;
  readonly #broken: BrokenChain[] = [];

  constructor(prepared: Prepared<keyof WalkStatements>, trusted: TrustedRuns, asks: Asks) {
    this.#prepared = prepared;
    this.#trusted = trusted;
    this.#asks = asks;
    this.#at = asks.after;
    this.#archivedGroup = (prepared.archivedGroup.get() as { group: number | null }).group ?? 0;
  }

  walk(): WalkedGroups {
    const { mostRows } = this.#asks;
    const most = this.#mostGroups();
    const found = this.#prepared.groups.all(this.#at.sequence, most) as unknown as GroupColumns[];
    const share = mostRows > 0 && found.length > FEW_GROUPS ? SEAL_SHARE : 1;
    for (const columns of found) {
      const group = ledgerGroup(columns);
      const unlinked = this.#unlinked(group);
      if (unlinked && mostRows === 0) return this.#walked(true, unlinked);
      const isSampled = group.sequence % share === this.#asks.round % share;
      const flaw = unlinked ?? (isSampled ? this.#sealFlawOf(columns) : undefined) ?? this.#flawOf(group);
      if (flaw && this.#broken.length < MOST_FLAWS) this.#broken.push(flaw);
      this.#at = group;
      if (mostRows === 0) continue;
      this.#rows += Math.max(0, Math.min(group.rowCount, MOST_ROWS));
      if (this.#rows >= mostRows) return this.#walked(false);
    }
    const isEnd = found.length < most;
    return this.#walked(isEnd, isEnd ? this.#atEnd() : undefined);
  }

  /** More than are needed for the rows would be read in vain: they are likely as large as the one before. */
  #mostGroups(): number {
    const { mostRows } = this.#asks;
    const needed =
      mostRows === 0 ? GROUPS_A_STEP : Math.ceil((1.5 * mostRows) / Math.max(this.#at.rowCount, 1));
    return Math.min(Math.max(needed, FEW_GROUPS + 1), GROUPS_A_STEP);
  }

  #walked(isEnd: boolean, last?: BrokenChain | undefined): WalkedGroups {
    const broken = last ? [...this.#broken, last] : this.#broken;
    return { at: this.#at, broken, isEnd, rows: this.#rows };
  }

  #unlinked(group: LedgerGroup): BrokenChain | undefined {
    const fault = linkFault(group, this.#at);
    if (!fault) return undefined;
    const place = fault === 'sequence' ? this.#at.sequence + 1 : group.sequence;
    return { place: `group ${place}`, why: GROUP_FAULTS[fault] };
  }

  #sealFlawOf({ sequence, group_hash: hash, run_id: runId, seal }: GroupColumns): BrokenChain | undefined {
    if (this.#trusted.haveSealed('ledger', { sequence, hash, runId, seal })) return undefined;
    return { place: `group ${sequence}`, why: 'no run of the service sealed it' };
  }

  #flawOf(group: LedgerGroup): BrokenChain | undefined {
    const place = `group ${group.sequence}`;
    const { end, mostRows } = this.#asks;
    if (end?.sequence === group.sequence && Buffer.compare(end.hash, group.groupHash) !== 0) {
      return { place, why: 'the ledger up to it was written anew' };
    }
    const fault = mostRows > 0 ? this.#rowsFault(group) : undefined;
    return fault && { place, why: GROUP_FAULTS[fault] };
  }

  #rowsFault(group: LedgerGroup) {
    const { firstRecord, rowCount } = group;
    if (rowCount < 1 || rowCount > MOST_ROWS) return 'row_count';
    const rows = this.#prepared.records.all(firstRecord, firstRecord + rowCount - 1);
    // Rows in an archive are deleted a few at a time.
    if (rows.length < rowCount && group.sequence <= this.#archivedGroup) return undefined;
    return rowsFault(group, rows as unknown as PlacedRow[]);
  }

  #atEnd(): BrokenChain | undefined {
    const { sequence, firstRecord, rowCount } = this.#at;
    if (sequence < (this.#asks.end?.sequence ?? 0)) {
      return { place: `group ${sequence + 1}`, why: 'all from here on is gone' };
    }
    const group = this.#prepared.strayGroup.get() as { sequence: number } | undefined;
    if (group) return { place: `group ${group.sequence}`, why: 'it lies before the first' };
    const record = this.#prepared.strayRecord.get(1, firstRecord + rowCount - 1);
    if (!record) return undefined;
    return { place: `record ${(record as { sequence: number }).sequence}`, why: 'it lies in no group' };
  }
}

export function revocationFromRow(row: Row): Revocation {
  return {
    sequence: row.sequence,
    createdAt: row.created_at,
    scopeId: row.scope_id,
    jti: row.jti,
    root: row.root,
    clientId: row.client_id,
    issuedFrom: row.issued_from,
    issuedUntil: row.issued_until,
    lapsesAt: row.lapses_at,
    revokedBy: row.revoked_by,
    reason: row.reason,
  };
}

export function chainedRevocation(row: Row): ChainedRevocation {
  const { root: _, ...chained } = revocationFromRow(row);
  return { ...chained, rootCommitment: row.root_commitment };
}

type Row = Selectable<Schema['revocations']>;

const ROWS_A_STEP = 2_000;
const NO_SALT = new Uint8Array(SALT_BYTES);

/** The next revocations: the first that is not as it was made, and those in force. */
export function walkRevocations(
  prepared: Prepared<keyof WalkStatements>,
  { after, now }: WalkCalls['revocations']['asks'],
): RevocationPage {
  const inForce: Revocation[] = [];
  let broken: BrokenChain | undefined;
  let at = after;
  try {
    const rows = prepared.revocations.all(after.sequence, ROWS_A_STEP) as unknown as Row[];
    for (const row of rows) {
      broken ??= flawOf(row, at);
      at = { sequence: row.sequence, hash: row.hash };
      if (now !== null && (row.lapses_at === null || row.lapses_at > now))
        inForce.push(revocationFromRow(row));
    }
    return { at, broken, inForce, isEnd: rows.length < ROWS_A_STEP };
  } catch (error) {
    if (!isForeignNumber(error)) throw error;
    return { at, broken: foreignNumber('revocation', at.sequence), inForce, isEnd: true };
  }
}

function flawOf(row: Row, before: ChainHead): BrokenChain | undefined {
  const place = `revocation ${row.sequence}`;
  if (row.sequence !== before.sequence + 1) {
    return { place: `revocation ${before.sequence + 1}`, why: 'it is gone' };
  }
  if (!revocationHash(before.hash, chainedRevocation(row)).equals(row.hash)) {
    return { place, why: 'its content and the one before it do not give its hash' };
  }
  return hasOwnRoot(row) ? undefined : { place, why: 'its root event is not the one it was made with' };
}

function hasOwnRoot({ root, root_salt, root_commitment }: Row): boolean {
  if ((root === null) !== (root_salt === null)) return false;
  return commitmentTo('root', root_salt ?? NO_SALT, root).equals(root_commitment);
}

/**
 * Lets everything else run first, this thread's own process included. Linux alone keeps a priority for each thread;
 * elsewhere nothing changes, since it would be the whole process's. See setpriority(2), "C library/kernel differences".
 */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
}
