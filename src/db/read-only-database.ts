import { DatabaseSync } from 'node:sqlite';

/** Opens a file to read from it. What its schema calls runs nothing: whoever wrote the file wrote the schema. */
export function openReadOnly(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  return db;
}
