import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { dropOldest } from '../../lib/recent-set.ts';
import type { Rows, Statement, Value } from '../rows.ts';

/** A search has a text for each set of members that it asks for. */
const PREPARED = 64;

/** The rows of one SQLite file: the database, or a segment. */
export class SqliteRows implements Rows {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async all<Row>({ sql }: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    return this.#prepare(sql).all(...values) as Row[];
  }

  async first<Row>({ sql }: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  async allOfEach<Row>({ sql }: Statement<Row>, lists: readonly (readonly Value[])[]): Promise<Row[][]> {
    const prepared = this.#prepare(sql);
    return lists.map((values) => prepared.all(...values) as Row[]);
  }

  async firstOfEach<Row>(
    { sql }: Statement<Row>,
    lists: readonly (readonly Value[])[],
  ): Promise<(Row | undefined)[]> {
    const prepared = this.#prepare(sql);
    return lists.map((values) => prepared.get(...values) as Row | undefined);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const prepared = this.#db.prepare(sql);
    this.#prepared.set(sql, prepared);
    dropOldest(this.#prepared, PREPARED);
    return prepared;
  }
}
