import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './compile.ts';
import { copyDependencies } from './dependencies.ts';

const BILL = 'sbom.cdx.json';

interface Manifest {
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

interface Members {
  readonly name: string;
  readonly description: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly os?: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Writes `package.json`, the locked dependencies and a bill of them: an installation asks no registry. */
export function writeManifest(folder: string, members: Members): void {
  const { version, license, engines } = manifestOfCheckout();
  const bundleDependencies = Object.keys(members.dependencies);
  const files = [...members.files, BILL];
  const manifest = { version, license, type: 'module', engines, ...members, files, bundleDependencies };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyDependencies(bundleDependencies, folder);
  writeFileSync(join(folder, BILL), billOfMaterials(folder, members.name));
}

/** CycloneDX of what is in the package; without date and random number, so that builds can be compared. */
function billOfMaterials(folder: string, name: string): string {
  const argv = ['sbom', '--sbom-format=cyclonedx'];
  const bill = JSON.parse(execFileSync('npm', argv, { cwd: folder, encoding: 'utf8', maxBuffer: 64 << 20 }));
  delete bill.serialNumber;
  delete bill.metadata.timestamp;
  bill.metadata.component.name = name;
  return `${JSON.stringify(bill, null, 2)}\n`;
}
