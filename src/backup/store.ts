import { Kysely } from 'kysely';
import { readHeads } from '../audit/index.ts';
import type { Schema } from '../db/schema.ts';
import { openReadOnly } from '../db/sqlite/database-file.ts';
import { connectionSession, sqliteDialect } from '../db/sqlite/dialect.ts';
import type { Contents } from './manifest.ts';

/** Reads the file only; fails as SQLite does where it is no database of Keyward. */
export async function contentsOf(file: string): Promise<Contents> {
  const db = openReadOnly(file);
  try {
    const kysely = new Kysely<Schema & Migrations>({
      dialect: sqliteDialect(() => connectionSession(db)),
    });
    return await kysely.transaction().execute(async (trx) => {
      const keys = await trx.selectFrom('service_keys').select(['role', 'kid']).execute();
      const kidOf = (role: string) => keys.find((key) => key.role === role)?.kid ?? null;
      const archives = trx.selectFrom('ledger_archives').where('removed_at', 'is', null);
      return {
        heads: await readHeads(trx),
        checkpoint:
          (await trx
            .selectFrom('checkpoints')
            .select(['number', 'created_at as time'])
            .orderBy('number', 'desc')
            .limit(1)
            .executeTakeFirst()) ?? null,
        registryKid: kidOf('registry'),
        auditKid: kidOf('audit'),
        segments: (await archives.select('file').orderBy('number').execute()).map((row) => row.file),
        schema:
          (
            await trx
              .selectFrom('kysely_migration')
              .select('name')
              .orderBy('name', 'desc')
              .limit(1)
              .executeTakeFirst()
          )?.name ?? null,
      };
    });
  } finally {
    db.close();
  }
}

interface Migrations {
  readonly kysely_migration: { readonly name: string };
}
