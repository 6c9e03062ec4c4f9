import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GitFailure } from './git-process.ts';

const LONGEST_FILE = 16_384;

/** Where a repository keeps what is read of it. */
export interface GitDirectory {
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
