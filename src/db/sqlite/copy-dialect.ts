import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { CopyDialect } from '../copy/copy-store.ts';

export const SQLITE_COPY: CopyDialect = {
  begin: async () => {},
  end: async () => {},
  // Bytes as PostgreSQL shows them.
  text: (column) => sql`CASE typeof(${column})
    WHEN 'blob' THEN (2 * length(${column}) + 2) || ':\\x' || lower(hex(${column}))
    ELSE ifnull(length(${column}) || ':' || ${column}, '-') END`,
  // SQLite knows no hash.
  sha256: (text) => text,
  readSha256: (text) => hash('sha256', text, 'hex'),
};
