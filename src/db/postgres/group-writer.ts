import { randomBytes } from 'node:crypto';
import { type ChainHead, type RunKey, type RunPublicKey, sealHash } from '../../kernel/audit-chain.ts';
import { WRITTEN_JTI_LENGTH } from '../../kernel/issuance.ts';
import { CHAIN_START, groupHash, HASH_BYTES, SALT_BYTES, writeRowHash } from '../../kernel/ledger-chain.ts';
import { AskingRuns } from '../asking-runs.ts';
import { fenced, foreignGroup, StoreFailure, wireOf } from '../failure.ts';
import type { GroupColumns } from '../ledger-row.ts';
import { type BareRow, rowOf, sizeOf } from '../record-batch.ts';
import type { AppendAsks, AppendedGroup, RowFailure } from '../writer-protocol.ts';
import { lateCommit, otherOwner } from './failure.ts';
import type { Answer, PostgresSession } from './session.ts';

const LAST_GROUP = 'SELECT * FROM ledger_groups ORDER BY sequence DESC LIMIT 1';
const HASH_AT = 'SELECT group_hash FROM ledger_groups WHERE sequence = $1';
const SINCE = `SELECT count(*) AS groups, coalesce(sum(row_count), 0)::bigint AS records
  FROM ledger_groups WHERE sequence > $1`;
const APPEND = `SELECT kw_append(${Array.from({ length: 21 }, (_, n) => `$${n + 1}`).join(', ')}) AS code`;
/** The lock of `kw_append`; a front that is stopped in the midst of its turn holds up the others no longer than that. */
const TURN = `SELECT set_config('idle_in_transaction_session_timeout', '2s', true), pg_advisory_xact_lock(4711, 1)`;
/** To the letter as in the index of callers' own. */
const USED = `SELECT r.scope_id, r.jti FROM issuance_records r
  JOIN unnest($1::text[], $2::text[]) AS asked (scope_id, jti) ON asked.scope_id = r.scope_id AND asked.jti = r.jti
  WHERE length(r.jti) > ${WRITTEN_JTI_LENGTH}`;
const [APPENDED, NO_SLOT, OTHER_END, FENCED] = [0, 1, 2, 3];

/** Settles as a commit does that is being answered, once it counts. */
type Settled = (session: PostgresSession, commit: Promise<Answer>) => Promise<Answer>;

interface Place {
  readonly sequence: number;
  readonly firstRecord: number;
  readonly previousHash: Uint8Array;
}

/**
 * Appends batches as groups of the chain, sealed by the run, each by one call of a function of the database: it appends
 * to the end that is named, or not at all. Where other fronts append as well, the end is not known before: then a group
 * takes its turn first, looks, and is made within that.
 */
export class GroupWriter {
  readonly #run: RunKey;
  readonly #runs: AskingRuns;
  readonly #owner: string;
  readonly #settled: Settled;
  /** Where the next group goes, unless another front was quicker; undefined where the fate of the last one is unknown. */
  #next: Place | undefined;
  /** The last group that was appended here. No hash and no seal covers the number of a record. */
  #own: { readonly end: ChainHead; readonly nextRecord: number } | undefined;
  /** Another front appended last. */
  #isShared = false;

  constructor(run: RunKey, owner: string, settled: Settled) {
    this.#run = run;
    this.#runs = new AskingRuns([run]);
    this.#settled = settled;
    this.#owner = owner;
  }

  /** Looks where the ledger ends before the next group. */
  forget(): void {
    this.#next = undefined;
  }

  /** Null for a run whose seals do not count. */
  judged(id: string, run: RunPublicKey | null): void {
    this.#runs.judged(id, run);
  }

  /**
   * A row that breaks a constraint is left out and named; those around it may then be several groups. `fenced` where
   * nothing was appended, and `unknown_run`.
   */
  async append(session: PostgresSession, { batch, end, fence }: AppendAsks): Promise<AppendedGroup> {
    const rows = Array.from({ length: sizeOf(batch) }, (_, index) => ({ index, row: rowOf(batch, index) }));
    const group: Group = { end, fence, committedAt: batch.committedAt };
    const failures = await this.#appendSome(session, rows, group);
    const known = group.end ?? { sequence: 0, hash: CHAIN_START };
    return { failures, end: known };
  }

  async #appendSome(
    session: PostgresSession,
    rows: readonly IndexedRow[],
    group: Group,
  ): Promise<RowFailure[]> {
    try {
      if (rows.length > 0) await this.#appendAll(session, rows, group);
      return [];
    } catch (error) {
      if (!(error instanceof StoreFailure) || !error.row) {
        this.forget();
        throw error;
      }
      const [only] = rows;
      if (rows.length === 1 && only) return [{ index: only.index, failure: wireOf(error) }];
      const used = await usedIn(session, rows);
      if (used.size === 0) return await this.#appendHalves(session, rows, group);
      const failure = wireOf(error);
      const failures = [...used].map(({ index }) => ({ index, failure }));
      const rest = rows.filter((row) => !used.has(row));
      return [...failures, ...(await this.#appendSome(session, rest, group))];
    }
  }

  /** What is wrong with a row is not asked for, since it is rare: it is found by halving. */
  async #appendHalves(
    session: PostgresSession,
    rows: readonly IndexedRow[],
    group: Group,
  ): Promise<RowFailure[]> {
    const half = rows.length >> 1;
    const first = await this.#appendSome(session, rows.slice(0, half), group);
    return [...first, ...(await this.#appendSome(session, rows.slice(half), group))];
  }

  async #appendAll(session: PostgresSession, rows: readonly IndexedRow[], group: Group): Promise<void> {
    if (!this.#next || this.#isShared) return await this.#appendInTurn(session, rows, group);
    const made = this.#make(rows, group, this.#next);
    const answer = await this.#settled(session, session.transact(APPEND, made.values));
    if (answer.rows[0]?.code === OTHER_END) return await this.#appendInTurn(session, rows, group);
    this.#take(answer, made, group);
  }

  /** No other front appends meanwhile. */
  async #appendInTurn(session: PostgresSession, rows: readonly IndexedRow[], group: Group): Promise<void> {
    const asked = [session.begin(), session.query(TURN)] as const;
    const known = [group.end?.sequence ?? 0];
    const ends = [
      session.query(LAST_GROUP),
      session.query(HASH_AT, known),
      session.query(SINCE, known),
    ] as const;
    const made = await Promise.all([...asked, ...ends])
      .then(([, , ...found]) => this.#make(rows, group, this.#placeBehind(found, group.end)))
      .catch(async (error: unknown) => {
        this.forget();
        await session.rollback();
        throw error;
      });
    const [answer] = await Promise.all([
      session.query(APPEND, made.values),
      this.#settled(session, session.commitAnswered()),
    ]);
    this.#take(answer, made, group);
  }

  /** Behind the last group, where that is the one that is known or follows from it, and a run sealed it that counts. */
  #placeBehind([found, ours, since]: readonly Answer[], end: ChainHead | undefined): Place {
    const last = found?.rows[0] as unknown as GroupColumns | undefined;
    const { sequence, group_hash: hash } = last ?? { sequence: 0, group_hash: CHAIN_START };
    if (end && !isSame({ sequence, hash }, end)) {
      const known = end.sequence === 0 ? CHAIN_START : (ours?.rows[0]?.group_hash as Uint8Array | undefined);
      const isThere = known !== undefined && Buffer.compare(known, end.hash) === 0;
      if (!last || sequence < end.sequence || !isThere || !this.#isSealed(last)) throw foreignGroup();
    }
    this.#isShared = last !== undefined && last.run_id !== this.#run.id;
    const firstRecord = last ? last.first_record + last.row_count : 1;
    if (end && !this.#isNumbered(end, sequence, firstRecord, since)) throw foreignGroup();
    return { sequence: sequence + 1, firstRecord, previousHash: hash };
  }

  /** Whether no group is missing between the one that is known and the last, nor a number of a record. */
  #isNumbered(end: ChainHead, last: number, nextRecord: number, since: Answer | undefined): boolean {
    const { groups, records } = since?.rows[0] ?? {};
    if (groups !== last - end.sequence) return false;
    if (!this.#own || !isSame(this.#own.end, end)) return true;
    return nextRecord === this.#own.nextRecord + Number(records);
  }

  #isSealed({ sequence, group_hash: hash, run_id: runId, seal }: GroupColumns): boolean {
    return this.#runs.haveSealed('ledger', { sequence, hash, runId, seal });
  }

  #make(rows: readonly IndexedRow[], { committedAt, fence }: Group, place: Place): MadeGroup {
    const { sequence, firstRecord, previousHash } = place;
    const salts = randomBytes(rows.length * SALT_BYTES);
    const hashes = Buffer.allocUnsafe(rows.length * HASH_BYTES);
    for (const [at, { row }] of rows.entries()) {
      const salt = salts.subarray(at * SALT_BYTES, (at + 1) * SALT_BYTES);
      writeRowHash(hashes, at, { ...row, salt, subjectCommitment: null, rootCommitment: null });
    }
    const hash = groupHash({ sequence, previousHash, committedAt }, hashes);
    const group = [sequence, firstRecord, previousHash, hash, committedAt];
    const seal = [this.#run.id, sealHash(this.#run, 'ledger', { sequence, hash })];
    const digests = Buffer.concat(rows.map(({ row }) => row.digest));
    return {
      values: [this.#owner, fence, ...group, ...seal, digests, salts, hashes, ...columnsOf(rows)],
      end: { sequence, hash },
      next: { sequence: sequence + 1, firstRecord: firstRecord + rows.length, previousHash: hash },
    };
  }

  #take({ rows }: Answer, { end, next }: MadeGroup, group: Group): void {
    const code = rows[0]?.code;
    if (code === NO_SLOT) throw otherOwner();
    // Sent again, the records of the groups before would be there twice.
    if (code === FENCED) throw group.isBegun ? lateCommit() : fenced();
    if (code !== APPENDED) throw lateCommit();
    group.end = end;
    group.isBegun = true;
    this.#next = next;
    this.#own = { end, nextRecord: next.firstRecord };
  }
}

interface MadeGroup {
  /** For `APPEND`. */
  readonly values: readonly unknown[];
  readonly end: ChainHead;
  readonly next: Place;
}

/** What one call appends: of rows that break a constraint several groups may come. */
interface Group {
  /** The last group that the writer knows. */
  end: ChainHead | undefined;
  /** Whether something of it was appended. */
  isBegun?: boolean;
  readonly fence: number;
  readonly committedAt: number;
}

function isSame(one: ChainHead, other: ChainHead): boolean {
  return one.sequence === other.sequence && Buffer.compare(one.hash, other.hash) === 0;
}

/** Rows with a `jti` of the caller's own that is there already, or twice among them; the first of two is not. */
async function usedIn(
  session: PostgresSession,
  rows: readonly IndexedRow[],
): Promise<ReadonlySet<IndexedRow>> {
  const own = rows.filter(({ row }) => row.jti.length > WRITTEN_JTI_LENGTH);
  const answer = await session.transact(USED, [
    own.map(({ row }) => row.scopeId),
    own.map(({ row }) => row.jti),
  ]);
  const taken = new Set(answer.rows.map(({ scope_id, jti }) => JSON.stringify([scope_id, jti])));
  const used = new Set<IndexedRow>();
  for (const each of own) {
    const name = JSON.stringify([each.row.scopeId, each.row.jti]);
    if (taken.has(name)) used.add(each);
    taken.add(name);
  }
  return used;
}

interface IndexedRow {
  readonly index: number;
  readonly row: BareRow;
}

/** As `kw_append` takes them: a column an array. */
function columnsOf(rows: readonly IndexedRow[]): readonly (readonly unknown[])[] {
  const column = (value: (row: BareRow) => unknown) => rows.map(({ row }) => value(row));
  return [
    column(({ scopeId }) => scopeId),
    column(({ kid }) => kid),
    column(({ jti }) => jti),
    column(({ clientId }) => clientId),
    column(({ subject }) => subject),
    column(({ root }) => root),
    column(({ traceId }) => traceId),
    column(({ iat }) => iat),
    column(({ exp }) => exp),
  ];
}
