import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createDatabase } from './postgres/create-database.ts';
import type { ServiceGround } from './running-service.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Where a run of tests keeps services as `keyward init` left them; `vitest.config.ts` names and removes it. */
const { TEST_INITIALISED: KEPT } = process.env;

/** Files that name the folder they lie in. */
const NAMES_FOLDER = /\.(?:ya?ml|conf|json)$/;
const GROUND = 'ground.json';
export const DATABASE_URL = 'database-url';

const taken = new Map<string, number>();

/**
 * A service as `keyward init` left it: one that `make` made, or a copy of one that it made in another file of tests.
 * Within a file no two are alike. `kind` names what `make` makes.
 */
export async function initialisedBefore(
  kind: string,
  make: () => Promise<ServiceGround>,
): Promise<ServiceGround> {
  if (KEPT === undefined) return make();
  const number = taken.get(kind) ?? 0;
  taken.set(kind, number + 1);
  const place = join(KEPT, `${kind}-${number}`);
  if (existsSync(place)) return copyOf(place);
  const made = await make();
  await keep(made, place);
  return made;
}

/** Who keeps one of that kind and number first has it kept. */
async function keep(ground: ServiceGround, place: string): Promise<void> {
  const draft = `${place}-of-${process.pid}`;
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  cpSync(ground.hsm.folder, draft, { recursive: true });
  const url = databaseUrlIn(draft);
  const template = url && (await createDatabase(databaseIn(url))).url;
  if (template) writeFileSync(join(draft, DATABASE_URL), template, { mode: 0o600 });
  writeFileSync(join(draft, GROUND), JSON.stringify(ground), { mode: 0o600 });
  try {
    renameSync(draft, place);
  } catch {
    rmSync(draft, { recursive: true });
  }
}

async function copyOf(place: string): Promise<ServiceGround> {
  const { path, remove } = temporaryFolder();
  const { hsm: kept } = JSON.parse(readFileSync(join(place, GROUND), 'utf8')) as ServiceGround;
  cpSync(place, path, { recursive: true });
  for (const name of readdirSync(path).filter((each) => NAMES_FOLDER.test(each))) {
    const file = join(path, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(kept.folder, path));
  }
  const template = databaseUrlIn(path);
  if (template) writeFileSync(join(path, DATABASE_URL), (await createDatabase(databaseIn(template))).url);
  const ground = JSON.parse(readFileSync(join(path, GROUND), 'utf8')) as ServiceGround;
  rmSync(join(path, GROUND));
  return { ...ground, hsm: { ...ground.hsm, remove } };
}

function databaseUrlIn(folder: string): string | undefined {
  const file = join(folder, DATABASE_URL);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function databaseIn(url: string): string {
  return /^postgres:\/\/\/(\w+)\?/.exec(url)?.[1] ?? '';
}
