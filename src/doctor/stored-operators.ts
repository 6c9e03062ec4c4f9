import { ownSchema } from '../db/own-schema.ts';
import { Reader } from '../db/reader.ts';
import type { Operator, Role } from '../domain/client.ts';

/** As the database has them: whether they are signed is for the service to say. Read without a trace. */
export async function storedOperators(databaseFile: string): Promise<readonly Operator[]> {
  const reader = new Reader(databaseFile, await ownSchema());
  try {
    const rows = await reader.read((trx) => trx.selectFrom('operators').selectAll().orderBy('id').execute());
    return rows.map(({ id, roles_json, created_at, revoked_at }) => ({
      id,
      roles: JSON.parse(roles_json) as Role[],
      createdAt: created_at,
      revokedAt: revoked_at,
    }));
  } finally {
    reader.close();
  }
}
