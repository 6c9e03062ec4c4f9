import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GitFailure } from './git-process.ts';

const LONGEST_FILE = 16_384;

/** Where a repository keeps what is read of it. */
interface GitDirectory {
  /** `HEAD` and what else a linked working tree has of its own. */
  readonly own: string;
  /** Objects, refs and reflogs; the same as `own` but for a linked working tree. */
  readonly common: string;
}

/** The git directory of a working tree, of a folder within one, or of a bare repository. Throws `GitFailure`. */
export async function findGitDirectory(repository: string): Promise<GitDirectory> {
  const start = resolve(repository);
  if (!(await exists(start))) throw new GitFailure(`there is no ${repository}`);
  for (let folder = start; ; folder = dirname(folder)) {
    const own = (await dotGit(join(folder, '.git'))) ?? (await asGitDirectory(folder));
    if (own !== undefined) return { own, common: await commonOf(own) };
    if (folder === dirname(folder)) throw new GitFailure(`not a git repository: ${repository}`);
  }
}

/** A folder, or a file that names another: `gitdir: <path>`, of a linked working tree or a submodule. */
async function dotGit(path: string): Promise<string | undefined> {
  const text = await shortFile(path);
  if (text === undefined) return asGitDirectory(path);
  const [, named] = /^gitdir: (.+?)\n*$/.exec(text) ?? [];
  return named === undefined ? undefined : asGitDirectory(resolve(dirname(path), named));
}

async function asGitDirectory(path: string): Promise<string | undefined> {
  if (!(await exists(join(path, 'HEAD')))) return undefined;
  const holdsObjects = (await exists(join(path, 'objects'))) || (await exists(join(path, 'commondir')));
  return holdsObjects ? path : undefined;
}

async function commonOf(own: string): Promise<string> {
  const named = (await shortFile(join(own, 'commondir'))) ?? '.';
  return resolve(own, named.replace(/\n+$/, ''));
}

/** Undefined for what is no readable regular file: a pipe or a device would be read without end. */
async function shortFile(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isFile() || status.size > LONGEST_FILE) return undefined;
  return await readFile(path, 'utf8').catch(() => undefined);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Of refs, reflogs and shallow boundaries together. */
const MOST_BYTES = 256 * 1024 ** 2;
/** A line begins with an id; that of a reflog with two, and `packed-refs` marks what a tag names. */
const IDS = /^\^?([0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])(?: ([0-9a-f]{64}|[0-9a-f]{40}) )?/gm;
const NO_OBJECT = /^0+$/;
/** Where refs and reflogs stand (gitrepository-layout(5)); `worktrees` holds those of linked working trees. */
const PLACES = [
  ...['HEAD', 'ORIG_HEAD', 'FETCH_HEAD', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD'],
  ...['packed-refs', 'refs', 'logs', 'worktrees'],
];

/** Ids of objects in the text of files: refs are read as data, since git would heed the configuration beside them. */
export class GitIds {
  readonly found = new Set<string>();
  #bytes = 0;

  /** The ids that refs and reflogs of a git directory name. Throws `GitFailure` where there are too many. */
  async readRefs(gitDirectory: string): Promise<void> {
    for (const name of PLACES) await this.read(join(gitDirectory, name));
  }

  /** A file, or all files below a folder; links and what is not there are passed over. */
  async read(path: string): Promise<void> {
    const status = await lstat(path).catch(() => undefined);
    if (status?.isDirectory()) {
      for (const name of await readdir(path)) await this.read(join(path, name));
    } else if (status?.isFile()) await this.#readFile(path, status.size);
  }

  async #readFile(path: string, bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#bytes > MOST_BYTES)
      throw new GitFailure(`its refs and reflogs take more than ${MOST_BYTES} bytes`);
    for (const [, ...ids] of (await readFile(path, 'latin1')).matchAll(IDS)) {
      for (const id of ids) if (id && !NO_OBJECT.test(id)) this.found.add(id);
    }
  }
}
