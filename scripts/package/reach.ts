import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

interface Reached {
  readonly files: readonly string[];
  /** Names as in `package.json`. */
  readonly packages: readonly string[];
}

const IMPORTS = /(?:\bfrom\s+|\bimport\s*\(?\s*|new URL\(\s*)'(?<target>[^']+)'/g;

/** What JavaScript files of a folder load, now or later; `without` leaves out files and all that only they load. */
export function reachedFrom(folder: string, entries: readonly string[], without: readonly string[]): Reached {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file) || without.includes(file)) return;
    files.add(file);
    for (const { groups } of readFileSync(join(folder, file), 'utf8').matchAll(IMPORTS)) {
      const target = groups?.target ?? '';
      if (/^\..*\.js$/.test(target)) visit(normalize(join(dirname(file), target)));
      else if (!/^(?:node:|\.)/.test(target)) packages.add(packageOf(target));
    }
  };
  for (const entry of entries) visit(entry);
  return { files: [...files].sort(), packages: [...packages].sort() };
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}
