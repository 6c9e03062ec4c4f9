import type { DatabaseSync } from 'node:sqlite';
import { GroupAppender } from './group-appender.ts';
import type { RecordBatch } from './record-batch.ts';
import { type Executed, runStatement } from './run-statement.ts';
import { needsReopening, SqliteFailure, TRANSACTION_LOST, toWire } from './sqlite-failure.ts';
import { openWritable, readDurability, refuseIfMoved } from './writable-database.ts';
import type { Durability, RowFailure, WriterSettings } from './writer-protocol.ts';

/**
 * The one connection that writes. It opens itself at the next call after a failure that calls for it, so that
 * nothing but the end of the cause is needed to go on.
 */
export class WriteConnection {
  readonly #settings: WriterSettings;
  #db: DatabaseSync | undefined;
  #appender: GroupAppender | undefined;

  constructor(settings: WriterSettings) {
    this.#settings = settings;
  }

  /** One commit and one group of the chain; a row that breaks a constraint is left out and named. */
  append(batch: RecordBatch): readonly RowFailure[] {
    this.begin();
    try {
      const groups = this.#groups(this.#transaction());
      const failures = groups.append(batch);
      groups.commit(() => this.commit());
      return failures;
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  begin(): void {
    this.rollback();
    refuseIfMoved(this.#settings.file, this.#settings.identity);
    this.#open().exec('BEGIN IMMEDIATE');
  }

  execute(sql: string, parameters: readonly unknown[]): Executed {
    return runStatement(this.#transaction(), sql, parameters);
  }

  commit(): void {
    this.#transaction().exec('COMMIT');
  }

  rollback(): void {
    if (this.#db?.isTransaction) this.#db.exec('ROLLBACK');
  }

  durability(): Durability {
    return readDurability(this.#open());
  }

  /** After a failure of any method above: a connection that cannot go on is closed, which rolls back. */
  recover(error: unknown): void {
    if (needsReopening(toWire(error))) this.close();
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
    this.#appender = undefined;
  }

  #open(): DatabaseSync {
    this.#db ??= openWritable(this.#settings.file);
    return this.#db;
  }

  /** SQLite may have rolled back by itself: a statement after that would commit on its own. */
  #transaction(): DatabaseSync {
    if (this.#db?.isTransaction) return this.#db;
    throw new SqliteFailure({ message: 'the transaction was rolled back', errcode: TRANSACTION_LOST });
  }

  #groups(db: DatabaseSync): GroupAppender {
    this.#appender ??= new GroupAppender(db, this.#settings.statements);
    return this.#appender;
  }

  /** Frees the write lock at once; where even that fails, closing does it. */
  #abandon(): void {
    try {
      this.rollback();
    } catch {
      this.close();
    }
  }
}
