import type { DatabaseSync } from 'node:sqlite';
import type { BrokenChain, ChainHead, TrustedRuns } from '../../kernel/audit-chain.ts';
import {
  GROUP_FAULTS,
  type GroupBefore,
  type LedgerGroup,
  linkFault,
  MOST_ROWS,
  type PlacedRow,
  rowsFault,
} from '../../kernel/ledger-chain.ts';
import { type GroupColumns, ledgerGroup } from '../ledger-row.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { Statements } from '../sqlite/statements.ts';
import { isUnsafeNumber, unsafeNumber } from '../walk-chains.ts';

interface GroupsQuery {
  readonly after: GroupBefore;
  /** The last group as the writer knew it before; undefined where it knows none. */
  readonly end: ChainHead | undefined;
  /** How many rows are read, to the end of a group; where none are, a group that does not follow ends the walk. */
  readonly mostRows: number;
  /** With rows, one in eight seals is verified: eight rounds in a row verify each. */
  readonly round: number;
}

interface WalkedGroups {
  readonly at: GroupBefore;
  /** The first that do not hold, and what is wrong at the end. */
  readonly broken: readonly BrokenChain[];
  readonly isEnd: boolean;
  /** How many were read. */
  readonly rows: number;
}

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

const statements = new Statements({
  groups: 'SELECT * FROM ledger_groups WHERE sequence > ? ORDER BY sequence LIMIT ?',
  // As the chain names them: copying every row once more would be a fifth of the walk.
  records: `SELECT sequence, group_sequence AS groupSequence, digest, scope_id AS scopeId, kid, jti,
    client_id AS clientId, subject, root, trace_id AS traceId, iat, exp, salt, subject_commitment AS subjectCommitment,
    root_commitment AS rootCommitment FROM issuance_records WHERE sequence >= ? AND sequence <= ? ORDER BY sequence`,
  strayGroup: 'SELECT sequence FROM ledger_groups WHERE sequence < 1 LIMIT 1',
  strayRecord: 'SELECT sequence FROM issuance_records WHERE sequence < ? OR sequence > ? LIMIT 1',
  archivedGroup: 'SELECT max(last_group) AS "group" FROM ledger_archives',
});

/** The next groups of the ledger: what is wrong with one of them, or with its rows. */
export function walkGroups({ connection, runs }: OpenLedger, asks: GroupsQuery): WalkedGroups {
  return connection.read((db) => walked(db, runs, asks));
}

function walked(db: DatabaseSync, trusted: TrustedRuns, asks: GroupsQuery): WalkedGroups {
  try {
    return new GroupWalk(statements.of(db), trusted, asks).walk();
  } catch (error) {
    if (!isUnsafeNumber(error)) throw error;
    return { at: asks.after, broken: [unsafeNumber('group', asks.after.sequence)], isEnd: true, rows: 0 };
  }
}

class GroupWalk {
  readonly #prepared: ReturnType<typeof statements.of>;
  readonly #trusted: TrustedRuns;
  readonly #asks: GroupsQuery;
  readonly #archivedGroup: number;
  #at: GroupBefore;
  #rows = 0;
  readonly #broken: BrokenChain[] = [];

  constructor(prepared: ReturnType<typeof statements.of>, trusted: TrustedRuns, asks: GroupsQuery) {
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
