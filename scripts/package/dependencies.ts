import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './compile.ts';

interface Locked {
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Addons for Bare, another runtime, which some packages bring. */
const FOREIGN = 'prebuilds';

/** Copies the named packages and all they depend on, as they are locked; what was compiled here stays here. */
export function copyDependencies(names: readonly string[], folder: string): void {
  const packages = lockedPackages();
  for (const place of lockedPlaces(names, packages)) {
    const left = packages[place]?.hasInstallScript ? ['build'] : [];
    const leaves = new Set(['node_modules', FOREIGN, ...left].map((name) => join(ROOT, place, name)));
    cpSync(join(ROOT, place), join(folder, place), {
      recursive: true,
      filter: (path) => !leaves.has(path),
    });
  }
}

type Packages = Readonly<Record<string, Locked>>;

export function lockedPackages(): Packages {
  return JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
}

/** Places under `node_modules` that the lockfile gives the packages, as Node would find them. */
export function lockedPlaces(names: readonly string[], packages: Packages): readonly string[] {
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    const place = placeOf(name, from, packages);
    if (found.has(place)) return;
    found.add(place);
    for (const next of Object.keys(packages[place]?.dependencies ?? {})) visit(next, place);
  };
  for (const name of names) visit(name, '');
  return [...found].sort();
}

/** `from` is the place of a package, or empty for the checkout itself. */
function placeOf(name: string, from: string, packages: Packages): string {
  const place = join(from, 'node_modules', name);
  if (packages[place]) return place;
  if (from === '') throw new Error(`${name} is not in the lockfile`);
  const above = from.slice(0, Math.max(from.lastIndexOf('node_modules/') - 1, 0));
  return placeOf(name, above, packages);
}
