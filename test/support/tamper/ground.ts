import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parse, stringify } from 'yaml';
import type { ServiceGround } from '../running-service.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Files that name the folder they lie in. */
const NAMES_FOLDER = /\.(?:ya?ml|conf|json)$/;

/** Everything that a stopped service is: configuration, HSM token, database, sink and archive. */
export interface Ground extends ServiceGround {
  readonly folder: string;
  /** Of the service that it is a copy of: the database of a copy names its sink by it, until `nameSinks`. */
  readonly original: string;
  readonly database: string;
  remove(): void;
}

function groundIn(folder: string, of: ServiceGround & Partial<Ground>, remove: () => void): Ground {
  const moved = (path: string) => path.replace(of.hsm.folder, folder);
  const { settings, environment } = of.hsm;
  return {
    folder,
    original: of.original ?? of.hsm.folder,
    database: join(folder, 'keyward.db'),
    configFile: join(folder, 'config.yaml'),
    operator: of.operator,
    approver: of.approver,
    hsm: {
      ...of.hsm,
      folder,
      tokenFolder: moved(of.hsm.tokenFolder),
      environment: Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [name, moved(value)]),
      ),
      settings: { ...settings, pinFile: moved(settings.pinFile), latchFile: moved(settings.latchFile) },
    },
    remove,
  };
}

/** The same in a folder of its own. */
export function copyGround(of: ServiceGround & Partial<Ground>): Ground {
  const { path, remove } = temporaryFolder();
  cpSync(of.hsm.folder, path, { recursive: true });
  for (const name of readdirSync(path).filter((each) => NAMES_FOLDER.test(each))) {
    const file = join(path, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(of.hsm.folder, path));
  }
  const copy = groundIn(path, of, remove);
  const db = new DatabaseSync(copy.database);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return copy;
}

/** Lets the database say of the sink in this folder what it says of that in the other, where it says anything. */
export function nameSinks(db: DatabaseSync, from: string, to: string): void {
  const found = db.prepare(`SELECT type FROM sqlite_schema WHERE name = 'audit_deliveries'`).get();
  if (found?.type !== 'table') return;
  db.prepare('UPDATE audit_deliveries SET sink = replace(sink, ?, ?)').run(from, to);
}

/** Changes members of a section of the configuration. */
export function configure({ configFile }: ServiceGround, section: string, members: object): void {
  const config = parse(readFileSync(configFile, 'utf8'));
  writeFileSync(configFile, stringify({ ...config, [section]: { ...config[section], ...members } }));
}
