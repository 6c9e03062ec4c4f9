import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

/** What one statement answered; plain data, so that it can cross a thread boundary. */
export interface Executed {
  readonly rows: unknown[];
  readonly changes: number;
}

export function runStatement(db: DatabaseSync, sql: string, parameters: readonly unknown[]): Executed {
  const statement = db.prepare(sql);
  // node:sqlite refuses at run time what it cannot bind.
  const values = parameters as SQLInputValue[];
  if (statement.columns().length > 0) return { rows: statement.all(...values), changes: 0 };
  return { rows: [], changes: Number(statement.run(...values).changes) };
}
