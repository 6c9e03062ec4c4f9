import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkbench, type Workbench } from '../../test/support/hsm-workbench.ts';
import { startService } from '../../test/support/running-service.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Cluster } from './cluster.ts';
import { type Dump, dumpPostgres, dumpSqlite, NOTIFIED } from './dump.ts';
import { Fronts } from './fronts.ts';
import type { Engine } from './options.ts';
import { History } from './record.ts';

export const SCOPE = 'payments';
const CONFIG = {
  audit: { checkpoint_seconds: 5 },
  clock: { settle_seconds: 0 },
  notifications: {
    targets: { history: { type: 'file', file: NOTIFIED } },
    routes: [{ name: 'all', min_severity: 'info', targets: ['history'] }],
  },
};

/** One service over an engine, with its HSM token, and the thief who signs past it. */
export interface Stage {
  readonly fronts: Fronts;
  /** Undefined on SQLite. */
  readonly cluster: Cluster | undefined;
  readonly credentials: { readonly sign: string; readonly verify: string };
  readonly thief: Workbench;
  readonly history: History;
  readonly random: () => number;
  dump(): Promise<Dump>;
  remove(): Promise<void>;
}

interface StageOptions {
  readonly engine: Engine;
  /** How many. */
  readonly fronts: number;
  readonly random: () => number;
  /** What is recorded is put behind it. */
  readonly recordsAt: string;
  readonly hasDisks: boolean;
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { engine, random, recordsAt, hasDisks } = options;
  const cluster = engine === 'postgres' ? await Cluster.start(hasDisks) : undefined;
  const folder = temporaryFolder();
  const history = new History(`${recordsAt}.jsonl`);
  const fronts = new Fronts({ history, random, cluster, recordsAt });
  let thief: Workbench | undefined;
  const remove = async () => {
    await history.close();
    await thief?.stop();
    await fronts.stop();
    await cluster?.stop();
    folder.remove();
  };
  try {
    const proxy = await cluster?.listen();
    const database = cluster && proxy ? databaseAt(cluster.urlOf(proxy), folder.path) : {};
    const service = await startService({ config: { ...CONFIG, ...database } });
    fronts.add(service, proxy);
    const credentials = await service.provision({ id: SCOPE });
    thief = await openWorkbench(service.hsm);
    while (fronts.all.length < options.fronts) await fronts.join();
    const stage = { fronts, cluster, credentials, thief, history, random, remove };
    return { ...stage, dump: () => dumpOf(stage) };
  } catch (error) {
    await remove();
    throw error;
  }
}

function databaseAt(url: string, folder: string): object {
  const file = join(folder, 'database-url');
  writeFileSync(file, url, { mode: 0o600 });
  return { database: { url_file: file, durability: 'replicated', copies: 1 } };
}

async function dumpOf({ fronts: { folders }, cluster }: Omit<Stage, 'dump'>): Promise<Dump> {
  if (cluster) return await dumpPostgres(cluster.primary.url('keyward'), folders);
  return dumpSqlite(join(folders[0]?.folder ?? '', 'keyward.db'), folders);
}
