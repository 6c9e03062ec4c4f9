/** What is bound to a placeholder. */
export type Value = string | number | Uint8Array | null;

/**
 * One text for every engine. Placeholders are `?`, and no `?` stands in a literal; a name that is not all lower case
 * stands in double quotes; whoever needs an order asks for it.
 */
export interface Statement<Row> {
  readonly sql: string;
  /** Never there: it says what a row is. */
  readonly row?: Row;
}

export function statement<Row>(sql: string): Statement<Row> {
  return { sql };
}

/**
 * Reads rows, each a plain object by column name. Whole numbers are numbers: one beyond 2^53 fails the statement
 * with code `ERR_OUT_OF_RANGE`. Bytes are `Uint8Array`s in memory of their own, since they cross to other threads. A
 * statement is prepared once a connection.
 */
export interface Rows {
  all<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]>;
  /** Undefined where there is none. */
  first<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row | undefined>;
  /** The rows for each list of values, in the order of the lists: in one round trip, where there are any. */
  allOfEach<Row>(statement: Statement<Row>, lists: readonly (readonly Value[])[]): Promise<Row[][]>;
  /** The first row for each list of values, or undefined. */
  firstOfEach<Row>(
    statement: Statement<Row>,
    lists: readonly (readonly Value[])[],
  ): Promise<(Row | undefined)[]>;
}
