import { dropOldest } from '../../lib/recent-set.ts';
import type { Rows, Statement, Value } from '../rows.ts';
import type { PostgresSession } from './session.ts';

/** Texts that were translated; a search has one for each set of members that it asks for. */
const TRANSLATED = 64;

/** The rows of the database within the transaction that a session has begun. */
export class PostgresRows implements Rows {
  readonly #session: PostgresSession;
  readonly #texts = new Map<string, string>();

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  async all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]> {
    const { rows } = await this.#session.query(this.#textOf(statement), values);
    return rows as Row[];
  }

  async first<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined> {
    return (await this.all(statement, ...values))[0];
  }

  /** Sent at once, answered in order. */
  async allOfEach<Row>(statement: Statement<Row>, lists: readonly (readonly Value[])[]): Promise<Row[][]> {
    return await Promise.all(lists.map((values) => this.all(statement, ...values)));
  }

  async firstOfEach<Row>(
    statement: Statement<Row>,
    lists: readonly (readonly Value[])[],
  ): Promise<(Row | undefined)[]> {
    return (await this.allOfEach(statement, lists)).map(([first]) => first);
  }

  #textOf({ sql }: Statement<unknown>): string {
    const known = this.#texts.get(sql);
    if (known !== undefined) return known;
    let place = 0;
    const text = sql.replaceAll('?', () => `$${++place}`);
    this.#texts.set(sql, text);
    dropOldest(this.#texts, TRANSLATED);
    return text;
  }
}
