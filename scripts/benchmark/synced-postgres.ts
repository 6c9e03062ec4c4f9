import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addSyncStandby } from '../../test/support/postgres/in-sync.ts';
import { type PostgresServer, startPrimary } from '../../test/support/postgres/server.ts';

/** Everything reaches the disk, as with SQLite. */
const SYNCED = { settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '128MB' } };

/** A primary, and a standby that each commit waits for, both on this machine. */
export interface SyncedPostgres {
  readonly standby: Pick<PostgresServer, 'freeze' | 'thaw'>;
  /** The configuration of a service on a new database of that name. */
  configOf(database: string): Promise<{ readonly database: { readonly url_file: string } }>;
  stop(): Promise<void>;
}

export async function startSyncedPostgres(): Promise<SyncedPostgres> {
  const primary = await startPrimary(SYNCED);
  const standby = await addSyncStandby(primary, 'second', SYNCED);
  return {
    standby,
    async configOf(database) {
      await primary.query(`create database ${database} owner keyward`);
      const url_file = join(primary.folder, `url-of-${database}`);
      writeFileSync(url_file, primary.url(database), { mode: 0o600 });
      return { database: { url_file } };
    },
    async stop() {
      for (const server of [standby, primary]) await server.remove();
    },
  };
}
