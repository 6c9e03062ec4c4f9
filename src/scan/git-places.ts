import { Readable } from 'node:stream';
import type { ForeignRepository, OwnGitDirectory } from './foreign-repository.ts';
import type { GitObject } from './git-objects.ts';
import { Reader, startGit } from './git-process.ts';

/** Each is an argument of a process; of more blobs, the path alone is looked up. */
const BLOBS_AT_ONCE = 5_000;
/** From the ids on standard input; a reflog may name what is gone. */
const REACHED = ['--ignore-missing', '--stdin'];

/** Where an object stands in what a branch, a tag or the reflog reaches. */
export interface GitPlace {
  /** In the tree of `commit`, if that is known; null of commits, tags and trees, and of a blob that a tag names. */
  readonly path: string | null;
  /** Of a blob the newest that brought it to the path, of a commit itself. */
  readonly commit: string | null;
}

/** Where objects stand, by their id; those that nothing reaches are missing. Throws `GitFailure`. */
export async function gitPlaces(
  { gitDirectories }: ForeignRepository,
  objects: readonly GitObject[],
): Promise<ReadonlyMap<string, GitPlace>> {
  const all = new Map<string, GitPlace>();
  for (const directory of gitDirectories) {
    for (const [id, place] of await placesIn(directory, objects)) all.set(id, place);
  }
  return all;
}

async function placesIn(
  directory: OwnGitDirectory,
  objects: readonly GitObject[],
): Promise<Map<string, GitPlace>> {
  const types = new Map(objects.map(({ id, type }) => [id, type]));
  const blobs = [...types.keys()].filter((id) => types.get(id) === 'blob').slice(0, BLOBS_AT_ONCE);
  const places = await newestPlaces(directory, new Set(blobs));
  if (places.size === types.size) return places;
  for await (const [id, path] of reachedObjects(directory)) {
    const type = types.get(id);
    if (type === undefined || places.has(id)) continue;
    places.set(id, { path: type === 'blob' ? path : null, commit: type === 'commit' ? id : null });
  }
  return places;
}

/** Asks for the changes that brought a blob to a path, newest commit first, until all are found. */
async function newestPlaces(
  { path: directory, refIds }: OwnGitDirectory,
  blobs: ReadonlySet<string>,
): Promise<Map<string, GitPlace>> {
  const places = new Map<string, GitPlace>();
  if (blobs.size === 0) return places;
  const commits = startGit(directory, ['rev-list', '--date-order', ...REACHED], linesOf(refIds));
  const changes = startGit(
    directory,
    // `-c`: of a merge, what none of its parents has.
    ['diff-tree', '--stdin', '-r', '-c', '--root', '--no-renames', '-z', ...Array.from(blobs, query)],
    commits.stdout,
  );
  const reader = new Reader(changes.stdout);
  try {
    let commit = '';
    for (let part = await reader.until('\0'); part !== undefined; part = await reader.until('\0')) {
      if (!part.startsWith(':')) commit = part;
      else {
        const path = (await reader.until('\0')) ?? '';
        // `:<modes> <ids, that of the commit last> <status>`
        const id = part.split(' ').at(-2) ?? '';
        if (blobs.has(id) && !places.has(id)) places.set(id, { path, commit });
      }
      if (places.size === blobs.size) return places;
    }
    await commits.ended;
    await changes.ended;
    return places;
  } finally {
    commits.kill();
    changes.kill();
  }
}

function linesOf(ids: readonly string[]): Readable {
  return Readable.from(ids.map((id) => `${id}\n`));
}

function query(id: string): string {
  return `--find-object=${id}`;
}

/** Every object that is reached, with its first path if it has one. */
async function* reachedObjects({
  path: directory,
  refIds,
}: OwnGitDirectory): AsyncGenerator<readonly [string, string | null]> {
  const git = startGit(
    directory,
    ['rev-list', '--objects', '--missing=allow-any', ...REACHED],
    linesOf(refIds),
  );
  const reader = new Reader(git.stdout);
  try {
    for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
      const at = line.indexOf(' ');
      yield at < 0 ? [line, null] : [line.slice(0, at), line.slice(at + 1) || null];
    }
    await git.ended;
  } finally {
    git.kill();
  }
}
