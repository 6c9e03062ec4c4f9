import { existsSync } from 'node:fs';
import { lstat, opendir, readlink, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileBytes, type Names } from './format.ts';
import type { Content } from './scan-stream.ts';

/** By the numbers of linux/magic.h. Their files are made up when they are read: some never answer, some never end. */
const PSEUDO_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x9fa0, 'proc'],
  [0x6265_6572, 'sysfs'],
  [0x6462_6720, 'debugfs'],
  [0x7472_6163, 'tracefs'],
  [0x7363_6673, 'securityfs'],
  [0x6265_6570, 'configfs'],
  [0x27_e0eb, 'cgroup'],
  [0x6367_7270, 'cgroup2'],
  [0xcafe_4a11, 'bpf'],
  [0x4249_4e4d, 'binfmt_misc'],
  [0x6573_5543, 'fusectl'],
  [0xf97c_ff8c, 'selinuxfs'],
  [0x6759_6969, 'rpc_pipefs'],
  [0x1cd1, 'devpts'],
  [0x6e73_6673, 'nsfs'],
]);

/** The name of the pseudo file system that a path lies on. Where that cannot be told, reading it says why. */
async function pseudoFileSystem(path: string): Promise<string | undefined> {
  const status = await statfs(path).catch(() => undefined);
  return status && PSEUDO_FILE_SYSTEMS.get(status.type);
}

/** A file to be scanned, or what was passed over and why. */
type Walked =
  | { readonly content: Content; readonly size: number }
  | { readonly place: string; readonly skipped: string }
  | { readonly place: string; readonly note: string };

/**
 * The files at a path, and below it if it is a folder. Links are not followed below it: what they lead to is scanned
 * where it lies. The objects of a git repository are not read: who names a working tree is told in a note, who names
 * the repository itself, or a folder of bare ones, wanted them read.
 */
export async function* walk(path: string, names: Names): AsyncGenerator<Walked> {
  const status = await stat(path).catch(codeOf);
  if (typeof status === 'string') {
    yield { place: path, skipped: `not readable: ${status}` };
    return;
  }
  yield* named(names, dirname(path), basename(path));
  const pseudo = await pseudoFileSystem(path);
  if (pseudo !== undefined) {
    yield { place: path, skipped: madeUp(pseudo) };
    return;
  }
  const real = await realpath(path);
  const repository = repositoryAround(real);
  const inObjects = repository && relative(join(repository, 'objects'), real);
  const isFolder = status.isDirectory();
  if (repository !== undefined && (isFolder || isObject(inObjects)))
    yield { place: path, skipped: unreadHistory(repository) };
  if (isFolder) yield* folder(path, { names, device: status.dev, inWorkingTree: false, inObjects });
  else if (!isObject(inObjects)) yield* file(path, status);
}

interface Around {
  readonly names: Names;
  readonly device: number;
  readonly inWorkingTree: boolean;
  /** Within a git folder's `objects`, the path from there. */
  readonly inObjects: string | undefined;
}

async function* folder(path: string, around: Around): AsyncGenerator<Walked> {
  const { names, device, inWorkingTree, inObjects } = around;
  const opened = await opendir(path).catch(codeOf);
  if (typeof opened === 'string') {
    yield { place: path, skipped: `not readable: ${opened}` };
    return;
  }
  const entries: string[] = [];
  for await (const { name } of opened) entries.push(name);
  for (const name of entries.sort()) {
    const inner = join(path, name);
    yield* named(names, path, name);
    const status = await lstat(inner).catch(codeOf);
    if (typeof status === 'string') {
      yield { place: inner, skipped: `not readable: ${status}` };
      continue;
    }
    if (status.isSymbolicLink()) {
      yield* named(names, path, await readlink(inner).catch(codeOf));
      continue;
    }
    const below: Around = {
      names,
      device: status.dev,
      inWorkingTree: inWorkingTree || name === '.git',
      inObjects: inObjects === undefined ? undefined : join(inObjects, name),
    };
    const pseudo = status.dev === device ? undefined : await pseudoFileSystem(inner);
    if (pseudo !== undefined) yield { place: inner, skipped: madeUp(pseudo) };
    else if (!status.isDirectory()) {
      if (!(status.isFile() && isObject(below.inObjects))) yield* file(inner, status);
    } else if (name === 'objects' && isGit(path)) {
      const why = unreadHistory(path);
      yield inWorkingTree ? { place: path, note: why } : { place: path, skipped: why };
      yield* folder(inner, { ...below, inObjects: '' });
    } else yield* folder(inner, below);
  }
}

/** How git names what it writes there (gitrepository-layout(5)): with anything else there, somebody hides it. */
const OBJECT =
  /^(?:[0-9a-f]{2}\/(?:[0-9a-f]{38}|[0-9a-f]{62})|pack\/pack-(?:[0-9a-f]{40}|[0-9a-f]{64})\.(?:pack|idx|rev|bitmap|mtimes))$/;

function isObject(inObjects: string | undefined): boolean {
  return inObjects !== undefined && OBJECT.test(inObjects);
}

/** The files of its objects are compressed one by one, or differences: as they are they say nothing. */
function unreadHistory(gitFolder: string): string {
  const repository = basename(gitFolder) === '.git' ? dirname(gitFolder) : gitFolder;
  return `the history is not looked into: keyward scan --git ${repository}`;
}

/** The git folder among whose objects a path lies. */
function repositoryAround(path: string): string | undefined {
  const parent = dirname(path);
  if (parent === path) return undefined;
  return basename(path) === 'objects' && isGit(parent) ? parent : repositoryAround(parent);
}

function isGit(path: string): boolean {
  return existsSync(join(path, 'HEAD')) && existsSync(join(path, 'refs'));
}

/** Names hold secrets, too. */
function* named(names: Names, folder: string, name: string): Generator<Walked> {
  const content = names.asContent(folder, name);
  if (content) yield { content, size: name.length };
}

function* file(path: string, status: { isFile(): boolean; readonly size: number }): Generator<Walked> {
  if (status.isFile()) {
    yield {
      content: { name: path, path, bytes: fileBytes(path) },
      size: status.size,
    };
  } else yield { place: path, skipped: 'no regular file' };
}

function madeUp(fileSystem: string): string {
  return `it lies on ${fileSystem}, whose files are made up when they are read`;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
