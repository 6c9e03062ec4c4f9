import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkbench, type Workbench } from '../../test/support/hsm-workbench.ts';
import { type RunningService, serveOn, startService } from '../../test/support/running-service.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Dump } from './check.ts';
import { Cluster } from './cluster.ts';
import { dumpPostgres, dumpSqlite } from './dump.ts';
import type { Engine } from './options.ts';
import { History } from './record.ts';

export const SCOPE = 'payments';
const CONFIG = { audit: { checkpoint_seconds: 5 }, clock: { settle_seconds: 0 } };

/** One service over an engine, with its HSM token, and the thief who signs past it. */
export interface Stage {
  /** Another one after each start. */
  service: RunningService;
  /** Undefined on SQLite. */
  readonly cluster: Cluster | undefined;
  readonly credentials: { readonly sign: string; readonly verify: string };
  readonly thief: Workbench;
  readonly history: History;
  readonly random: () => number;
  /** `kill -9`, and started again. */
  restart(): Promise<void>;
  dump(): Promise<Dump>;
  remove(): Promise<void>;
}

interface StageOptions {
  readonly engine: Engine;
  readonly random: () => number;
  readonly historyFile: string;
  readonly hasDisks: boolean;
}

export async function openStage({ engine, random, historyFile, hasDisks }: StageOptions): Promise<Stage> {
  const cluster = engine === 'postgres' ? await Cluster.start(hasDisks) : undefined;
  const folder = temporaryFolder();
  let service: RunningService | undefined;
  try {
    service = await startService({ config: { ...CONFIG, ...databaseOf(cluster, folder.path) } });
    const credentials = await service.provision({ id: SCOPE });
    const thief = await openWorkbench(service.hsm);
    const stage: Stage = {
      service,
      cluster,
      credentials,
      thief,
      history: new History(historyFile),
      random,
      async restart() {
        await stage.service.kill();
        stage.service = await serveOn(stage.service);
      },
      dump: () => dumpOf(stage),
      async remove() {
        await stage.history.close();
        await thief.stop();
        await stage.service.remove();
        await cluster?.stop();
        folder.remove();
      },
    };
    return stage;
  } catch (error) {
    await service?.remove();
    await cluster?.stop();
    folder.remove();
    throw error;
  }
}

function databaseOf(cluster: Cluster | undefined, folder: string): object {
  if (!cluster) return {};
  const file = join(folder, 'database-url');
  writeFileSync(file, cluster.url, { mode: 0o600 });
  return { database: { url_file: file, durability: 'replicated', copies: 1 } };
}

async function dumpOf({ service, cluster }: Stage): Promise<Dump> {
  const { folder } = service.hsm;
  const sinkFile = join(folder, 'audit.jsonl');
  if (cluster) return await dumpPostgres(cluster.primary.url('keyward'), sinkFile);
  return dumpSqlite(join(folder, 'keyward.db'), sinkFile);
}
