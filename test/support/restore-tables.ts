import { DatabaseSync } from 'node:sqlite';

/** Puts tables back as an older copy of the database has them, as somebody else at the file would. */
export function restoreTables(file: string, older: string, tables: readonly string[]): void {
  const db = new DatabaseSync(file, { timeout: 5_000, enableForeignKeyConstraints: false });
  try {
    db.exec(`ATTACH '${older}' AS older`);
    for (const table of tables) {
      db.exec(`DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM older.${table}`);
    }
  } finally {
    db.close();
  }
}
