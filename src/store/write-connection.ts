import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type RecordBatch, rowsOf } from './record-batch.ts';
import { type Executed, runStatement } from './run-statement.ts';
import { concernsOneRow, needsReopening, SqliteFailure, TRANSACTION_LOST, toWire } from './sqlite-failure.ts';
import { openWritable, readDurability, refuseIfMoved } from './writable-database.ts';
import type { Durability, RowFailure, WriterSettings } from './writer-protocol.ts';

/**
 * The one connection that writes. It opens itself at the next call after a failure that calls for it, so that
 * nothing but the end of the cause is needed to go on.
 */
export class WriteConnection {
  readonly #settings: WriterSettings;
  #db: DatabaseSync | undefined;
  #insertRecord: StatementSync | undefined;

  constructor(settings: WriterSettings) {
    this.#settings = settings;
  }

  /** One commit for the whole batch; a row that breaks a constraint is left out and named. */
  append(batch: RecordBatch): readonly RowFailure[] {
    this.begin();
    try {
      const failures = this.#insert(batch);
      this.commit();
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
    this.#insertRecord = undefined;
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

  #insert(batch: RecordBatch): readonly RowFailure[] {
    this.#insertRecord ??= this.#open().prepare(this.#settings.insertRecord);
    const failures: RowFailure[] = [];
    let index = 0;
    for (const row of rowsOf(batch)) {
      try {
        this.#insertRecord.run(...row);
      } catch (error) {
        const failure = toWire(error);
        if (!concernsOneRow(failure)) throw error;
        failures.push({ index, failure });
      }
      index += 1;
    }
    return failures;
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
