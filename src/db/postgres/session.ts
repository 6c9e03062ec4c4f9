import type pg from 'pg';
import type { StoreFailure } from '../failure.ts';
import type { Executed, Session } from '../session-dialect.ts';
import { connectionLost, postgresFailure, transactionLost } from './failure.ts';
import { type Settings, settingStatement } from './session-settings.ts';
import { StatementNames } from './statement-names.ts';

/** What the server says beside an answer, before it. */
export interface Notice {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

export interface Answer extends Executed {
  readonly rows: Record<string, unknown>[];
  /** The command that was done, as `COMMIT`. */
  readonly command: string;
  readonly notices: readonly Notice[];
}

/** What was found out as the connection was made. */
export interface Opened {
  readonly backend: number;
  readonly isPooled: boolean;
  readonly settings: Settings;
}

/** Of long use: some hundred different ones are asked for over and over. */
const PREPARED_STATEMENTS = 500;

/**
 * Behind a pooler a default of the role counts for the transaction that has begun. Of a snapshot older than the lock that
 * was waited for, `kw_begin` and `kw_append` would not see who has the database by now.
 */
const BEGINNINGS = {
  write: 'begin isolation level read committed read write not deferrable',
  read: 'begin isolation level repeatable read read only not deferrable',
} as const;

/**
 * A connection to PostgreSQL, with settings of its own. What is asked before an answer came is sent at once and answered
 * in order; outside a transaction each statement is one. Everything rejects with a `StoreFailure`.
 */
export class PostgresSession implements Session {
  /** The process that serves this connection, for `pg_cancel_backend`. */
  readonly backend: number;
  /** A pooler stands in between: the settings go with each transaction, and none beside one can be relied on. */
  readonly isPooled: boolean;
  readonly #client: pg.Client;
  readonly #settings: Settings;
  readonly #answerMs: number;
  readonly #names = new StatementNames(PREPARED_STATEMENTS);
  #server: string | undefined;
  #notices: Notice[] = [];
  #lost: StoreFailure | undefined;

  constructor(client: pg.Client, opened: Opened, answerMs: number) {
    this.#client = client;
    this.#settings = opened.settings;
    this.#answerMs = answerMs;
    this.backend = opened.backend;
    this.isPooled = opened.isPooled;
    client.on('notice', ({ code = '', message = '' }) => this.#notices.push({ code, message }));
    client.on('error', (error) => this.#lose(error));
    client.on('end', () => this.#lose(new Error('the connection ended')));
  }

  /** Why no further statement can be run. */
  get lost(): StoreFailure | undefined {
    return this.#lost;
  }

  /** When the server was started that had the last transaction, where a pooler may give the next to another one. */
  get server(): string | undefined {
    return this.#server;
  }

  /** Values stand for `$1`, `$2` …; the statement stays prepared for the next time. */
  query(text: string, values: readonly unknown[] = []): Promise<Answer> {
    if (this.isPooled) return this.#send({ text, values: [...values] });
    const { name, forgotten } = this.#names.nameOf(text);
    if (forgotten !== undefined) this.#forget(forgotten);
    return this.#send({ text, values: [...values], name });
  }

  async execute(sql: string, parameters: readonly unknown[]): Promise<Executed> {
    const { rows, changes } = await this.query(sql, parameters);
    return { rows, changes };
  }

  /** Of `read`: what is read is of one moment. */
  async begin(kind: keyof typeof BEGINNINGS = 'write'): Promise<void> {
    const begun = this.#send({ text: BEGINNINGS[kind] });
    await Promise.all(this.isPooled ? [begun, this.#settle()] : [begun]);
  }

  /** One statement as a transaction of its own; the notices are those of its commit too. */
  async transact(text: string, values: readonly unknown[] = []): Promise<Answer> {
    if (!this.isPooled) return this.query(text, values);
    const sent = [this.begin(), this.query(text, values), this.commitAnswered()] as const;
    const [, answer, committed] = await Promise.all(sent);
    return { ...answer, notices: [...answer.notices, ...committed.notices] };
  }

  /** Within a transaction that a pooler has just given a server to. */
  async #settle(): Promise<void> {
    const { rows } = await this.#send({ text: settingStatement(this.#settings, 'transaction') });
    this.#server = String(rows[0]?.server);
  }

  async commit(): Promise<void> {
    await this.commitAnswered();
  }

  /** Rejects where the server rolled back instead, which it does without an error of its own. */
  async commitAnswered(): Promise<Answer> {
    const answer = await this.#send({ text: 'commit' });
    if (answer.command !== 'COMMIT') throw transactionLost();
    return answer;
  }

  /** Of a lost connection, the server does it. */
  async rollback(): Promise<void> {
    if (this.#lost === undefined) await this.#send({ text: 'rollback' });
  }

  async close(): Promise<void> {
    this.#lost ??= connectionLost('the connection was closed');
    await this.#client.end().catch(() => {});
  }

  #send(query: pg.QueryConfig): Promise<Answer> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const deadline = setTimeout(() => this.#giveUp(), this.#answerMs);
    // Notices of the next answer may lie in the same packet: those of this one are taken in the same turn.
    this.#client.query(query, (error, result) => {
      clearTimeout(deadline);
      const notices = this.#notices;
      this.#notices = [];
      if (error) reject(this.#failureOf(error));
      else resolve({ ...answered(result), notices });
    });
    return promise;
  }

  #failureOf(error: Error): StoreFailure {
    const failure = postgresFailure(error);
    return failure.code === null ? (this.#lost ?? connectionLost(failure.message)) : failure;
  }

  #giveUp(): void {
    const silent = connectionLost(`no answer within ${this.#answerMs} ms`, 'ETIMEDOUT');
    this.#lose(silent);
    this.#client.connection.stream.destroy(silent);
  }

  #lose(error: Error): void {
    const failure = postgresFailure(error);
    this.#lost ??= failure.condition === undefined ? connectionLost(failure.message) : failure;
  }

  /** By the client too, which else keeps its text for as long as the connection. */
  #forget(name: string): void {
    void this.#send({ text: `deallocate ${name}` }).catch(() => {});
    const { parsedStatements } = this.#client.connection as pg.Connection & {
      readonly parsedStatements: Record<string, string>;
    };
    delete parsedStatements[name];
  }
}

function answered({ rows, rowCount, fields, command }: pg.QueryResult): Omit<Answer, 'notices'> {
  return { rows, command, changes: fields.length > 0 ? 0 : (rowCount ?? 0) };
}
