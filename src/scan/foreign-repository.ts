import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireReadableObjects } from './foreign-objects.ts';
import { findGitDirectory, GitIds } from './git-directory.ts';
import { ENVIRONMENT, GitFailure } from './git-process.ts';

type ObjectFormat = 'sha1' | 'sha256';
const ID_LENGTH = { sha1: 40, sha256: 64 } as const;
/** The names of packs and of folders and files of loose objects tell the object format. */
const PACK = /^pack-([0-9a-f]{40}|[0-9a-f]{64})\.pack$/;
const LOOSE_FOLDER = /^[0-9a-f]{2}$/;
const MOST_SUBMODULES = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One object format of a repository, for git commands that never see the repository's own git directory. */
export interface OwnGitDirectory {
  readonly path: string;
  /** The objects that refs and reflogs name. */
  readonly refIds: readonly string[];
}

/** A repository that anybody may have written: its objects and ids are read, its configuration, index and hooks never. */
export interface ForeignRepository {
  readonly gitDirectories: readonly OwnGitDirectory[];
  /** Git directories of submodules in it, which are repositories of their own. */
  readonly submodules: readonly string[];
  /** Why some of what it says of refs is not known. */
  readonly flaw: string | undefined;
  remove(): void;
}

/**
 * Makes an empty bare repository in a temporary folder, whose alternates name the objects of the foreign one. The
 * folder goes with `remove`, and with a signal that ends this process. Throws `GitFailure`.
 */
export async function openForeignRepository(repository: string): Promise<ForeignRepository> {
  const { own, common } = await findGitDirectory(repository);
  const objects = join(common, 'objects');
  await requireReadableObjects(objects);
  const formats = new Set(await formatsIn(objects));
  const refs = new GitIds();
  for (const directory of new Set([common, own])) await refs.readRefs(directory);
  const shallow = new GitIds();
  await shallow.read(join(common, 'shallow'));
  // All objects may lie in alternates.
  if (formats.size === 0) for (const id of refs.found) formats.add(formatOf(id));
  const folder = temporaryFolder();
  try {
    const gitDirectories: OwnGitDirectory[] = [];
    for (const format of formats.size > 0 ? formats : (['sha1'] as const)) {
      const path = join(folder.path, format);
      await makeGitDirectory(path, format, objects, idsOf(format, shallow));
      gitDirectories.push({ path, refIds: idsOf(format, refs) });
    }
    const reftable = await readdir(join(common, 'reftable')).catch(() => []);
    const flaw = reftable.length > 0 ? 'its refs are kept as reftable, which is not read' : undefined;
    return {
      gitDirectories,
      submodules: await submodulesIn(join(common, 'modules')),
      flaw,
      remove: folder.remove,
    };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

function formatOf({ length }: string): ObjectFormat {
  return length === ID_LENGTH.sha1 ? 'sha1' : 'sha256';
}

function idsOf(format: ObjectFormat, { found }: GitIds): string[] {
  return [...found].filter((id) => id.length === ID_LENGTH[format]);
}

async function formatsIn(objects: string): Promise<ObjectFormat[]> {
  const names = await readdir(objects).catch((error: NodeJS.ErrnoException) => {
    throw new GitFailure(`${objects} is not readable: ${error.code}`);
  });
  const lengths: number[] = [];
  for (const name of names) {
    const inner =
      name === 'pack' || LOOSE_FOLDER.test(name) ? await readdir(join(objects, name)).catch(() => []) : [];
    for (const file of inner) {
      const id = name === 'pack' ? PACK.exec(file)?.[1] : `${name}${file}`;
      if (id !== undefined) lengths.push(id.length);
    }
  }
  return (['sha1', 'sha256'] as const).filter((format) => lengths.includes(ID_LENGTH[format]));
}

async function makeGitDirectory(
  path: string,
  format: ObjectFormat,
  objects: string,
  shallow: readonly string[],
): Promise<void> {
  const argv = ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, path];
  // Synchronous: a signal must not remove the folder while git fills it.
  const { status } = spawnSync('git', argv, { env: ENVIRONMENT, stdio: 'ignore' });
  if (status !== 0) throw new GitFailure(`git cannot make a repository for ${format}`);
  await mkdir(join(path, 'objects', 'info'), { recursive: true });
  await writeFile(join(path, 'objects', 'info', 'alternates'), `${quoted(objects)}\n`);
  if (shallow.length > 0) await writeFile(join(path, 'shallow'), `${shallow.join('\n')}\n`);
}

/** As git quotes paths in C's way: a name may hold line ends, or begin as a comment does. */
function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** Goes with `remove`, at the end of this process and with a signal that ends it. It holds no secret. */
function temporaryFolder(): { readonly path: string; remove(): void } {
  let path: string | undefined;
  const removeFolder = () => path && rmSync(path, { recursive: true, force: true });
  const onSignal = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal);
  };
  const remove = () => {
    removeFolder();
    process.off('exit', removeFolder);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  process.on('exit', removeFolder);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  path = mkdtempSync(join(tmpdir(), 'keyward-scan-'));
  return { path, remove };
}

/** A submodule within another has its own `modules`. */
async function submodulesIn(modules: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(modules, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory() || found.length >= MOST_SUBMODULES) continue;
    const path = join(modules, entry.name);
    const { own } = await findGitDirectory(path);
    if (own === path) found.push(path, ...(await submodulesIn(join(path, 'modules'))));
    else found.push(...(await submodulesIn(path)));
  }
  return found;
}
