import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Executed } from '../session-dialect.ts';

type Prepared<Name extends string> = Readonly<Record<Name, StatementSync>>;

/** Statements prepared once for each connection. */
export class Statements<Name extends string> {
  readonly #texts: Readonly<Record<Name, string>>;
  readonly #prepared = new WeakMap<DatabaseSync, Prepared<Name>>();

  constructor(texts: Readonly<Record<Name, string>>) {
    this.#texts = texts;
  }

  of(db: DatabaseSync): Prepared<Name> {
    const known = this.#prepared.get(db);
    if (known) return known;
    const entries = Object.entries<string>(this.#texts).map(([name, sql]) => [name, db.prepare(sql)]);
    const prepared = Object.fromEntries(entries) as Prepared<Name>;
    this.#prepared.set(db, prepared);
    return prepared;
  }
}

export function runStatement(db: DatabaseSync, sql: string, parameters: readonly unknown[]): Executed {
  const statement = db.prepare(sql);
  // node:sqlite refuses at run time what it cannot bind.
  const values = parameters as SQLInputValue[];
  if (statement.columns().length > 0) return { rows: statement.all(...values), changes: 0 };
  return { rows: [], changes: Number(statement.run(...values).changes) };
}
