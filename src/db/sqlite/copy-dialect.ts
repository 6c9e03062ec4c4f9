import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { CopyDialect } from '../copy/table-sums.ts';

export const SQLITE_COPY: CopyDialect = {
  begin: async () => {},
  end: async () => {},
  quote: (column) => sql`quote(${column})`,
  // SQLite knows no hash.
  sha256: (text) => text,
  readSha256: (text) => hash('sha256', text, 'hex'),
};
