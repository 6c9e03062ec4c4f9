import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

// Not under a shared temporary directory: what lies here is loaded into a process.
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/keyward-shared', import.meta.url));
const FLAGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC'];

const compiled = new Map<string, Promise<string>>();

/** Path of the shared library made of one C file; compiled once for each content of it. */
export function compileShared(source: string): Promise<string> {
  const known = compiled.get(source) ?? compile(source);
  compiled.set(source, known);
  return known;
}

async function compile(source: string): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const path = join(CACHE, `${basename(source, '.c')}-${digest}.so`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  // Processes compile side by side: each under its own name, and the last rename wins.
  const own = `${path}.${process.pid}`;
  await promisify(execFile)('cc', [...FLAGS, '-o', own, source, '-ldl', '-pthread']);
  renameSync(own, path);
  return path;
}
