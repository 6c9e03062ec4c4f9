import { DatabaseSync } from 'node:sqlite';

export type Row = Readonly<Record<string, unknown>>;

export function all(db: DatabaseSync, sql: string, ...parameters: (string | number)[]): Row[] {
  return db.prepare(sql).all(...parameters);
}

/** Lends a read-only connection, all of whose answers are of one moment, and leaves none behind. */
export function reading<T>(file: string, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.exec('BEGIN');
    return read(db);
  } finally {
    db.close();
  }
}
