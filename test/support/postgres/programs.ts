import { existsSync, globSync, readFileSync } from 'node:fs';

/** Debian's packages lie beside each other; the newest that Keyward runs on. */
const FOLDER = globSync('/usr/lib/postgresql/*/bin')
  .map((folder) => ({ folder, major: Number(folder.split('/')[4]) }))
  .filter(({ folder, major }) => major >= 15 && existsSync(`${folder}/initdb`))
  .sort((a, b) => b.major - a.major)[0]?.folder;

/** `./scripts/test` brings it where it can; elsewhere what needs it is skipped, and says so in this name. */
export const NO_POSTGRES = FOLDER === undefined;
export const POSTGRES = NO_POSTGRES ? 'PostgreSQL: not here (apt-get install postgresql)' : 'PostgreSQL';

export function programFile(name: 'initdb' | 'pg_basebackup' | 'postgres'): string {
  return `${FOLDER}/${name}`;
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Whose the cluster is where the tests are root's, as whom PostgreSQL does not run; undefined: one's own. */
export const OWNER: Ids | undefined =
  process.getuid?.() === 0 ? (idsOf('postgres') ?? idsOf('nobody')) : undefined;

function idsOf(user: string): Ids | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [, , uid, gid] = lines.find((line) => line.startsWith(`${user}:`))?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
