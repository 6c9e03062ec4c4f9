import { randomBytes } from 'node:crypto';
import { type ChainHead, type RunKey, sealHash } from '../../kernel/audit-chain.ts';
import { WRITTEN_JTI_LENGTH } from '../../kernel/issuance.ts';
import { CHAIN_START, groupHash, HASH_BYTES, SALT_BYTES, writeRowHash } from '../../kernel/ledger-chain.ts';
import { foreignGroup, StoreFailure, wireOf } from '../failure.ts';
import { isOwnEnd } from '../ledger-end.ts';
import type { GroupColumns } from '../ledger-row.ts';
import { type BareRow, type RecordBatch, rowOf, sizeOf } from '../record-batch.ts';
import type { AppendedGroup, RowFailure } from '../writer-protocol.ts';
import { lateCommit, otherOwner } from './failure.ts';
import type { Answer, PostgresSession } from './session.ts';

const LAST_GROUP = 'SELECT * FROM ledger_groups ORDER BY sequence DESC LIMIT 1';
const APPEND = `SELECT kw_append(${Array.from({ length: 20 }, (_, n) => `$${n + 1}`).join(', ')}) AS code`;
/** To the letter as in the index of callers' own. */
const USED = `SELECT r.scope_id, r.jti FROM issuance_records r
  JOIN unnest($1::text[], $2::text[]) AS asked (scope_id, jti) ON asked.scope_id = r.scope_id AND asked.jti = r.jti
  WHERE length(r.jti) > ${WRITTEN_JTI_LENGTH}`;
const [APPENDED, NOT_OWNER] = [0, 1];

/** Settles as a commit does that is being answered, once it counts. */
type Settled = (session: PostgresSession, commit: Promise<Answer>) => Promise<Answer>;

interface Place {
  readonly sequence: number;
  readonly firstRecord: number;
  readonly previousHash: Uint8Array;
}

/**
 * Appends batches as groups of the chain, sealed by the run, each by one call of a function of the database: it appends
 * to the end that is named, or not at all.
 */
export class GroupWriter {
  readonly #run: RunKey;
  readonly #owner: string;
  readonly #settled: Settled;
  /** Where the next group goes; undefined where the fate of the last one is unknown. */
  #next: Place | undefined;

  constructor(run: RunKey, owner: string, settled: Settled) {
    this.#run = run;
    this.#settled = settled;
    this.#owner = owner;
  }

  /** Looks where the ledger ends before the next group. */
  forget(): void {
    this.#next = undefined;
  }

  /** A row that breaks a constraint is left out and named; those around it may then be several groups. */
  async append(
    session: PostgresSession,
    batch: RecordBatch,
    end: ChainHead | undefined,
  ): Promise<AppendedGroup> {
    this.#next ??= await this.#placeBehind(session, end);
    const rows = Array.from({ length: sizeOf(batch) }, (_, index) => ({ index, row: rowOf(batch, index) }));
    const failures = await this.#appendSome(session, rows, { end, committedAt: batch.committedAt });
    const { sequence, previousHash } = this.#next;
    return { failures, end: { sequence: sequence - 1, hash: previousHash } };
  }

  async #placeBehind(session: PostgresSession, end: ChainHead | undefined): Promise<Place> {
    const { rows } = await session.transact(LAST_GROUP);
    const last = rows[0] as unknown as GroupColumns | undefined;
    if (end && !isOwnEnd(last, end, this.#run)) throw foreignGroup();
    if (!last) return { sequence: 1, firstRecord: 1, previousHash: CHAIN_START };
    const { sequence, first_record, row_count, group_hash } = last;
    return { sequence: sequence + 1, firstRecord: first_record + row_count, previousHash: group_hash };
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

  async #appendAll(
    session: PostgresSession,
    rows: readonly IndexedRow[],
    { end, committedAt }: Group,
  ): Promise<void> {
    const place = this.#next;
    if (!place) throw new Error('the place of a group is known before it is made');
    const { sequence, firstRecord, previousHash } = place;
    const salts = randomBytes(rows.length * SALT_BYTES);
    const hashes = Buffer.allocUnsafe(rows.length * HASH_BYTES);
    for (const [at, { row }] of rows.entries()) {
      const salt = salts.subarray(at * SALT_BYTES, (at + 1) * SALT_BYTES);
      writeRowHash(hashes, at, { ...row, salt, subjectCommitment: null, rootCommitment: null });
    }
    const hash = groupHash({ sequence, previousHash, committedAt }, hashes);
    const group = [sequence, firstRecord, previousHash, hash, committedAt];
    const seal = [this.#run.id, sealHash(this.#run, 'ledger', hash)];
    const digests = Buffer.concat(rows.map(({ row }) => row.digest));
    const values = [this.#owner, ...group, ...seal, digests, salts, hashes, ...columnsOf(rows)];
    const answer = await this.#settled(session, session.transact(APPEND, values));
    const code = answer.rows[0]?.code;
    if (code === NOT_OWNER) throw otherOwner();
    if (code !== APPENDED) {
      // A commit of this process may have come to light that was given up: that is nobody else's.
      this.forget();
      await this.#placeBehind(session, end);
      throw lateCommit();
    }
    this.#next = { sequence: sequence + 1, firstRecord: firstRecord + rows.length, previousHash: hash };
  }
}

interface Group {
  /** The last group that the writer knows. */
  readonly end: ChainHead | undefined;
  readonly committedAt: number;
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
