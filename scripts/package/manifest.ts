import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './compile.ts';
import { copyDependencies } from './dependencies.ts';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export function manifestOfCheckout(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}

/** Writes `package.json`, with the locked dependencies inside, so that an installation asks no registry. */
export function writeManifest(folder: string, members: Readonly<Record<string, unknown>>): void {
  const { version, license, engines } = manifestOfCheckout();
  const dependencies = Object.keys((members.dependencies as object | undefined) ?? {});
  const manifest = {
    version,
    license,
    type: 'module',
    engines,
    ...members,
    bundleDependencies: dependencies,
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyDependencies(dependencies, folder);
}

/** CycloneDX of what the lockfile has for production; without date and random number, so that builds can be compared. */
export function billOfMaterials(): string {
  const argv = ['sbom', '--package-lock-only', '--omit=dev', '--omit=optional', '--sbom-format=cyclonedx'];
  const bill = JSON.parse(execFileSync('npm', argv, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 }));
  delete bill.serialNumber;
  delete bill.metadata.timestamp;
  bill.metadata.component.name = manifestOfCheckout().name;
  return `${JSON.stringify(bill, null, 2)}\n`;
}
