import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type ChainHead, type RunKey, sealHash, verifySeal } from '../../kernel/audit-chain.ts';
import {
  CHAIN_START,
  groupHash,
  HASH_BYTES,
  type LedgerGroup,
  SALT_BYTES,
  writeRowHash,
} from '../../kernel/ledger-chain.ts';
import { foreignGroup, wireOf } from '../failure.ts';
import type { GroupColumns } from '../ledger-row.ts';
import { type BareRow, type RecordBatch, rowOf, sizeOf } from '../record-batch.ts';
import type { AppendedGroup, RowFailure } from '../writer-protocol.ts';
import { sqliteFailure } from './failure.ts';
import type { LedgerStatements } from './ledger-statements.ts';

type OpenGroup = Omit<LedgerGroup, 'rowCount' | 'groupHash'>;

/**
 * Appends a batch as the next group of the chain, sealed by the run, within the caller's transaction; to an end of its
 * own alone.
 */
export class GroupAppender {
  readonly #run: RunKey;
  readonly #lastGroup: StatementSync;
  readonly #insertRecord: StatementSync;
  readonly #insertGroup: StatementSync;
  readonly #insertRowHashes: StatementSync;

  constructor(db: DatabaseSync, statements: LedgerStatements, run: RunKey) {
    this.#run = run;
    this.#lastGroup = db.prepare(statements.lastGroup);
    this.#insertRecord = db.prepare(statements.insertRecord);
    this.#insertGroup = db.prepare(statements.insertGroup);
    this.#insertRowHashes = db.prepare(statements.insertRowHashes);
  }

  /** A row that breaks a constraint is left out and named. */
  append(batch: RecordBatch, end: ChainHead | undefined): AppendedGroup {
    const group = this.#open(batch.committedAt, end);
    const size = sizeOf(batch);
    const salts = randomBytes(size * SALT_BYTES);
    const hashes = Buffer.allocUnsafe(size * HASH_BYTES);
    const failures: RowFailure[] = [];
    for (let index = 0; index < size; index++) {
      const place = index - failures.length;
      const salt = salts.subarray(index * SALT_BYTES, (index + 1) * SALT_BYTES);
      const row = rowOf(batch, index);
      const failure = this.#tryInsert(row, salt, group, place);
      if (failure) failures.push({ index, failure });
      else writeRowHash(hashes, place, { ...row, salt, subjectCommitment: null, rootCommitment: null });
    }
    const count = size - failures.length;
    if (count === 0) return { failures, end: { sequence: group.sequence - 1, hash: group.previousHash } };
    const hash = this.#close(group, hashes.subarray(0, count * HASH_BYTES));
    return { failures, end: { sequence: group.sequence, hash } };
  }

  #open(committedAt: number, end: ChainHead | undefined): OpenGroup {
    const last = this.#lastGroup.get() as GroupColumns | undefined;
    if (end && !isOwnEnd(last, end, this.#run)) throw foreignGroup();
    if (!last) return { sequence: 1, firstRecord: 1, previousHash: CHAIN_START, committedAt };
    return {
      sequence: last.sequence + 1,
      firstRecord: last.first_record + last.row_count,
      previousHash: last.group_hash,
      committedAt,
    };
  }

  #tryInsert(row: BareRow, salt: Uint8Array, { firstRecord, sequence }: OpenGroup, place: number) {
    const { digest, scopeId, kid, jti, clientId, subject, root, traceId, iat, exp } = row;
    try {
      this.#insertRecord.run(
        firstRecord + place,
        sequence,
        salt,
        digest,
        scopeId,
        kid,
        jti,
        clientId,
        subject,
        root,
        traceId,
        iat,
        exp,
      );
      return undefined;
    } catch (error) {
      const failure = sqliteFailure(error);
      if (!failure.row) throw error;
      return wireOf(failure);
    }
  }

  #close(group: OpenGroup, hashes: Buffer): Buffer {
    const { sequence, firstRecord, committedAt, previousHash } = group;
    const count = hashes.length / HASH_BYTES;
    const hash = groupHash(group, hashes);
    const seal = sealHash(this.#run, 'ledger', { sequence, hash });
    this.#insertGroup.run(sequence, firstRecord, count, committedAt, previousHash, hash, this.#run.id, seal);
    this.#insertRowHashes.run(sequence, hashes);
    return hash;
  }
}

/**
 * Whether the writer may append behind that group. The database must end with the group that the writer knows, or with
 * a later one that bears the run's own seal: of a commit whose answer was lost the writer does not know what became.
 */
function isOwnEnd(last: GroupColumns | undefined, end: ChainHead, run: RunKey): boolean {
  const { sequence, group_hash: hash } = last ?? { sequence: 0, group_hash: CHAIN_START };
  if (sequence === end.sequence) return Buffer.compare(hash, end.hash) === 0;
  const { run_id = null, seal = null } = last ?? {};
  if (sequence < end.sequence || run_id !== run.id || seal === null) return false;
  return verifySeal(run, 'ledger', { sequence, hash }, seal);
}
