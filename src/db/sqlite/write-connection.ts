import type { DatabaseSync } from 'node:sqlite';
import type { ChainHead } from '../../kernel/audit-chain.ts';
import type { StoreFailure } from '../failure.ts';
import { GroupMark } from '../mark-file.ts';
import type { RecordBatch } from '../record-batch.ts';
import type { Executed } from '../session-dialect.ts';
import type {
  AppendAsks,
  AppendedGroup,
  Durability,
  FileIdentity,
  WriterSettings,
} from '../writer-protocol.ts';
import { identify, openWritable, readDurability, refuseIfMoved } from './database-file.ts';
import { needsReopening, sqliteFailure, transactionLost } from './failure.ts';
import { GroupAppender } from './group-appender.ts';
import type { LedgerStatements } from './ledger-statements.ts';
import type { DatabaseFile } from './read-connection.ts';
import { SchemaGuard } from './schema-guard.ts';
import { runStatement } from './statements.ts';

/** A file with another identity than the one that was opened first is refused. */
export interface SqliteWriting extends WriterSettings, DatabaseFile {
  readonly statements: LedgerStatements;
}

/**
 * The one connection that writes. It opens itself at the next call after a failure that calls for it, so that
 * nothing but the end of the cause is needed to go on.
 */
export class WriteConnection {
  readonly #settings: SqliteWriting;
  readonly #mark: GroupMark;
  #db: DatabaseSync | undefined;
  #guard: SchemaGuard | undefined;
  #appender: GroupAppender | undefined;
  /** The write-ahead log and its index, by file: others would read another log than is written. */
  #beside: ReadonlyMap<string, FileIdentity> | undefined;

  constructor(settings: SqliteWriting) {
    this.#settings = settings;
    this.#mark = new GroupMark(settings.mark);
  }

  /** One commit and one group of the chain; a row that breaks a constraint is left out and named. */
  append({ batch, end }: AppendAsks): AppendedGroup {
    const appended = this.#append(batch, end);
    this.#mark.write(appended.end, batch.committedAt);
    return appended;
  }

  #append(batch: RecordBatch, end: ChainHead | undefined): AppendedGroup {
    this.begin();
    try {
      const appended = this.#groups(this.#transaction()).append(batch, end);
      this.commit();
      return appended;
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  begin(): void {
    this.rollback();
    refuseIfMoved(this.#settings.file, this.#settings.identity);
    for (const [file, identity] of this.#beside ?? []) refuseIfMoved(file, identity);
    this.#open().exec('BEGIN IMMEDIATE');
    this.#beside ??= beside(this.#settings.file);
    this.#requireOwnSchema();
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
  recover(error: unknown): StoreFailure {
    if (needsReopening(error)) this.close();
    return sqliteFailure(error);
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
    this.#beside = undefined;
    this.#appender = undefined;
    this.#guard = undefined;
  }

  #requireOwnSchema(): void {
    const db = this.#transaction();
    this.#guard ??= new SchemaGuard(db, this.#settings.identity.schema);
    try {
      this.#guard.check();
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  #open(): DatabaseSync {
    this.#db ??= openWritable(this.#settings.file);
    return this.#db;
  }

  /** SQLite may have rolled back by itself: a statement after that would commit on its own. */
  #transaction(): DatabaseSync {
    if (this.#db?.isTransaction) return this.#db;
    throw transactionLost();
  }

  #groups(db: DatabaseSync): GroupAppender {
    this.#appender ??= new GroupAppender(db, this.#settings.statements, this.#settings.run);
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

function beside(file: string): ReadonlyMap<string, FileIdentity> {
  const files = ['-wal', '-shm'].map((suffix) => `${file}${suffix}`);
  return new Map(
    files.flatMap((each) => {
      const identity = identify(each);
      return identity ? [[each, identity] as const] : [];
    }),
  );
}
