import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { GitFailure } from './git-process.ts';

const MOST_BYTES = 1024 ** 2;
/** As deep as git follows alternates. */
const DEEPEST_ALTERNATE = 5;
/** Of a folder of objects git opens what lies in these, and in `info` what lies in one folder more. */
const OPENED = /^(?:info|pack|[0-9a-f]{2})$/;
const DEEPEST_FOLDER = 2;
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * Looks at what git would open in a folder of objects, and in its alternates, before git does: a pipe would keep it
 * waiting, a device or a huge list of alternates would be read without end. Throws `GitFailure`.
 */
export async function requireReadableObjects(objects: string): Promise<void> {
  // Names may be of any bytes: one character each.
  await requireFolder(Buffer.from(objects).toString('latin1'), 0, new Set());
}

async function requireFolder(objects: string, depth: number, seen: Set<string>): Promise<void> {
  const real = await realpath(bytes(objects), 'latin1').catch(() => undefined);
  if (real === undefined || seen.has(real)) return;
  seen.add(real);
  for (const entry of await entriesOf(objects)) {
    if (OPENED.test(entry.name)) await requirePlain(entry, `${objects}/${entry.name}`, 0);
  }
  if (depth > DEEPEST_ALTERNATE) return;
  for (const alternate of await alternatesOf(objects)) await requireFolder(alternate, depth + 1, seen);
}

/** A regular file, or a folder of nothing else; a link counts as what it leads to. */
async function requirePlain(entry: Dirent, path: string, depth: number): Promise<void> {
  const kind = await kindOf(entry, path);
  if (!kind || kind.isFile()) return;
  if (!kind.isDirectory()) throw new GitFailure(`${utf8(path)} is neither a file nor a folder`);
  if (depth === DEEPEST_FOLDER) return;
  for (const inner of await entriesOf(path)) await requirePlain(inner, `${path}/${inner.name}`, depth + 1);
}

/** None of what cannot be read: git says so itself. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return await readdir(bytes(folder), { withFileTypes: true, encoding: 'latin1' }).catch(() => []);
}

/** Undefined for a link that leads nowhere. */
async function kindOf(
  entry: Dirent,
  path: string,
): Promise<Pick<Dirent, 'isFile' | 'isDirectory'> | undefined> {
  if (entry.isFile() || entry.isDirectory()) return entry;
  return await stat(bytes(path)).catch(() => undefined);
}

async function alternatesOf(objects: string): Promise<readonly string[]> {
  const path = `${objects}/info/alternates`;
  const status = await stat(bytes(path)).catch(() => undefined);
  if (!status) return [];
  if (status.size > MOST_BYTES) throw new GitFailure(`${utf8(path)} is larger than ${MOST_BYTES} bytes`);
  const text = await readFile(bytes(path), 'latin1').catch(() => '');
  const named = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return named.map(unquoted).map((each) => (each.startsWith('/') ? each : `${objects}/${each}`));
}

/** As git reads what it quoted in C's way. */
function unquoted(line: string): string {
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/.exec(line) ?? [];
  if (inner === undefined) return line;
  return inner.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8) & 0xff) : (ESCAPES[code] ?? code),
  );
}

const bytes = (path: string) => Buffer.from(path, 'latin1');
const utf8 = (path: string) => bytes(path).toString();
