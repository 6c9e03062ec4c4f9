import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  CHAIN_START,
  groupHash,
  HASH_BYTES,
  type LedgerGroup,
  SALT_BYTES,
  writeRowHash,
} from '../domain/ledger-chain.ts';
import type { LedgerStatements } from './ledger-statements.ts';
import { type BareRow, type RecordBatch, rowOf, sizeOf } from './record-batch.ts';
import { concernsOneRow, FOREIGN_GROUP, SqliteFailure, toWire } from './sqlite-failure.ts';
import type { RowFailure } from './writer-protocol.ts';

type OpenGroup = Omit<LedgerGroup, 'rowCount' | 'groupHash'>;

/**
 * Appends a batch as the next group of the chain, within the caller's transaction. The chain's end is read
 * anew each time: after a commit of unknown fate only the database knows it. Where its fate is known, another
 * end than our own is somebody else's, and nothing is appended to that.
 */
export class GroupAppender {
  readonly #lastGroup: StatementSync;
  readonly #insertRecord: StatementSync;
  readonly #insertGroup: StatementSync;
  readonly #insertRowHashes: StatementSync;
  /** The hash of the last group, where it is known what was committed. */
  #end: Uint8Array | undefined;
  /** The same, should what was appended be committed. */
  #next: Uint8Array | undefined;

  constructor(db: DatabaseSync, statements: LedgerStatements) {
    this.#lastGroup = db.prepare(statements.lastGroup);
    this.#insertRecord = db.prepare(statements.insertRecord);
    this.#insertGroup = db.prepare(statements.insertGroup);
    this.#insertRowHashes = db.prepare(statements.insertRowHashes);
  }

  /** A row that breaks a constraint is left out and named. */
  append(batch: RecordBatch): readonly RowFailure[] {
    const group = this.#open(batch.committedAt);
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
    if (failures.length < size) this.#close(group, hashes.subarray(0, (size - failures.length) * HASH_BYTES));
    return failures;
  }

  /** Commits what was appended last; a failure leaves its fate unknown. */
  commit(commit: () => void): void {
    this.#end = undefined;
    commit();
    this.#end = this.#next;
  }

  #open(committedAt: number): OpenGroup {
    const group = this.#following(committedAt);
    this.#next = group.previousHash;
    if (this.#end && Buffer.compare(this.#end, group.previousHash) !== 0) {
      throw new SqliteFailure({ message: 'somebody else changed the ledger', errcode: FOREIGN_GROUP });
    }
    return group;
  }

  #following(committedAt: number): OpenGroup {
    const last = this.#lastGroup.get() as
      | { sequence: number; first_record: number; row_count: number; group_hash: Uint8Array }
      | undefined;
    if (!last) return { sequence: 1, firstRecord: 1, previousHash: CHAIN_START, committedAt };
    return {
      sequence: last.sequence + 1,
      firstRecord: last.first_record + last.row_count,
      previousHash: last.group_hash,
      committedAt,
    };
  }

  #tryInsert(row: BareRow, salt: Uint8Array, { firstRecord, sequence }: OpenGroup, place: number) {
    const { digest, scopeId, kid, jti, clientId, subject, root, iat, exp } = row;
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
        iat,
        exp,
      );
      return undefined;
    } catch (error) {
      const failure = toWire(error);
      if (!concernsOneRow(failure)) throw error;
      return failure;
    }
  }

  #close(group: OpenGroup, hashes: Buffer): void {
    const { sequence, firstRecord, committedAt, previousHash } = group;
    const count = hashes.length / HASH_BYTES;
    const hash = groupHash(group, hashes);
    this.#insertGroup.run(sequence, firstRecord, count, committedAt, previousHash, hash);
    this.#insertRowHashes.run(sequence, hashes);
    this.#next = hash;
  }
}
