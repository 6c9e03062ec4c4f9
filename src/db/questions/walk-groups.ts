import type { BrokenChain, ChainHead, TrustedRuns } from '../../kernel/audit-chain.ts';
import {
  GROUP_FAULTS,
  type GroupBefore,
  LEDGER_START,
  type LedgerGroup,
  linkFault,
  MOST_ROWS,
} from '../../kernel/ledger-chain.ts';
import { readConfirmed } from '../ledger-connection.ts';
import { type GroupColumns, ledgerGroup } from '../ledger-row.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { type Rows, statement } from '../rows.ts';
import { isUnsafeNumber, unsafeNumber } from '../walk-chains.ts';
import { rowFaults } from './row-faults.ts';

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

interface ReadGroup {
  readonly group: LedgerGroup;
  /** But for its rows. */
  readonly flaw: BrokenChain | undefined;
}

interface Placed {
  readonly sequence: number;
}

const GROUPS = statement<GroupColumns>(
  'SELECT * FROM ledger_groups WHERE sequence > ? ORDER BY sequence LIMIT ?',
);
const STRAY_GROUP = statement<Placed>(
  'SELECT sequence FROM ledger_groups WHERE sequence < 1 ORDER BY sequence LIMIT 1',
);
const RECORD_BEFORE = statement<Placed>(
  'SELECT sequence FROM issuance_records WHERE sequence < ? ORDER BY sequence LIMIT 1',
);
const RECORD_BEHIND = statement<Placed>(
  'SELECT sequence FROM issuance_records WHERE sequence > ? ORDER BY sequence LIMIT 1',
);
const ARCHIVED_GROUP = statement<{ readonly group: number | null }>(
  'SELECT max(last_group) AS "group" FROM ledger_archives',
);

/** The next groups of the ledger: what is wrong with one of them, or with its rows. */
export function walkGroups({ connection, runs }: OpenLedger, asks: GroupsQuery): Promise<WalkedGroups> {
  return readConfirmed(connection, (rows) => walked(rows, runs, asks), {
    isSound: ({ broken }) => broken.length === 0,
    again: async (rows) => ((await stands(rows, asks.after)) ? walked(rows, runs, asks) : BEGIN_AGAIN),
  });
}

/** Where the walk had come to is of another server: it begins again. */
const BEGIN_AGAIN: WalkedGroups = { at: LEDGER_START, broken: [], isEnd: false, rows: 0 };

async function stands(rows: Rows, { sequence, groupHash }: GroupBefore): Promise<boolean> {
  if (sequence === 0) return true;
  const [found] = await rows.all(GROUPS, sequence - 1, 1);
  return found?.sequence === sequence && Buffer.compare(found.group_hash, groupHash) === 0;
}

async function walked(rows: Rows, trusted: TrustedRuns, asks: GroupsQuery): Promise<WalkedGroups> {
  try {
    return await new GroupWalk(rows, trusted, asks).walk();
  } catch (error) {
    if (!isUnsafeNumber(error)) throw error;
    return { at: asks.after, broken: [unsafeNumber('group', asks.after.sequence)], isEnd: true, rows: 0 };
  }
}

class GroupWalk {
  readonly #source: Rows;
  readonly #trusted: TrustedRuns;
  readonly #asks: GroupsQuery;
  #at: GroupBefore;
  #rows = 0;

  constructor(source: Rows, trusted: TrustedRuns, asks: GroupsQuery) {
    this.#source = source;
    this.#trusted = trusted;
    this.#asks = asks;
    this.#at = asks.after;
  }

  async walk(): Promise<WalkedGroups> {
    const archivedGroup = (await this.#source.first(ARCHIVED_GROUP))?.group ?? 0;
    const most = this.#mostGroups();
    const found = await this.#source.all(GROUPS, this.#at.sequence, most);
    const { read, unlinked, isFull } = this.#follow(found);
    const broken = await this.#brokenAmong(read, archivedGroup);
    if (unlinked) return this.#walked(true, [...broken, unlinked]);
    const isEnd = !isFull && found.length < most;
    const last = isEnd ? await this.#atEnd() : undefined;
    return this.#walked(isEnd, last ? [...broken, last] : broken);
  }

  #walked(isEnd: boolean, broken: readonly BrokenChain[]): WalkedGroups {
    return { at: this.#at, broken, isEnd, rows: this.#rows };
  }

  /** Chain and seals. Without rows a group that does not follow is `unlinked` and the last; with them, it is full at `mostRows`. */
  #follow(found: readonly GroupColumns[]) {
    const { mostRows, round } = this.#asks;
    const share = mostRows > 0 && found.length > FEW_GROUPS ? SEAL_SHARE : 1;
    const read: ReadGroup[] = [];
    for (const columns of found) {
      const group = ledgerGroup(columns);
      const unlinked = this.#unlinked(group);
      if (unlinked && mostRows === 0) return { read, unlinked, isFull: false };
      const isSampled = group.sequence % share === round % share;
      const unsealed = isSampled ? this.#sealFlawOf(columns) : undefined;
      read.push({ group, flaw: unlinked ?? unsealed ?? this.#rewritten(group) });
      this.#at = group;
      if (mostRows === 0) continue;
      this.#rows += Math.max(0, Math.min(group.rowCount, MOST_ROWS));
      if (this.#rows >= mostRows) return { read, unlinked: undefined, isFull: true };
    }
    return { read, unlinked: undefined, isFull: false };
  }

  /** The first that do not hold, in themselves or by their rows. */
  async #brokenAmong(read: readonly ReadGroup[], archivedGroup: number): Promise<BrokenChain[]> {
    const sound = read.filter(({ flaw }) => flaw === undefined).map(({ group }) => group);
    const withRows = this.#asks.mostRows > 0 ? sound : [];
    const faults = await rowFaults(this.#source, withRows, archivedGroup);
    const flaws = read.map(({ group, flaw }) => {
      const fault = faults.get(group);
      return fault ? { place: `group ${group.sequence}`, why: GROUP_FAULTS[fault] } : flaw;
    });
    return flaws.filter((flaw) => flaw !== undefined).slice(0, MOST_FLAWS);
  }

  /** More than are needed for the rows would be read in vain: they are likely as large as the one before. */
  #mostGroups(): number {
    const { mostRows } = this.#asks;
    const needed =
      mostRows === 0 ? GROUPS_A_STEP : Math.ceil((1.5 * mostRows) / Math.max(this.#at.rowCount, 1));
    return Math.min(Math.max(needed, FEW_GROUPS + 1), GROUPS_A_STEP);
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

  #rewritten({ sequence, groupHash }: LedgerGroup): BrokenChain | undefined {
    const { end } = this.#asks;
    if (end?.sequence !== sequence || Buffer.compare(end.hash, groupHash) === 0) return undefined;
    return { place: `group ${sequence}`, why: 'the ledger up to it was written anew' };
  }

  async #atEnd(): Promise<BrokenChain | undefined> {
    const { sequence, firstRecord, rowCount } = this.#at;
    if (sequence < (this.#asks.end?.sequence ?? 0)) {
      return { place: `group ${sequence + 1}`, why: 'all from here on is gone' };
    }
    const group = await this.#source.first(STRAY_GROUP);
    if (group) return { place: `group ${group.sequence}`, why: 'it lies before the first' };
    const record =
      (await this.#source.first(RECORD_BEFORE, 1)) ??
      (await this.#source.first(RECORD_BEHIND, firstRecord + rowCount - 1));
    return record && { place: `record ${record.sequence}`, why: 'it lies in no group' };
  }
}
