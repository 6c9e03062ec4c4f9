import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replace } from '../../scripts/history/seeded.ts';
import type { Replacement } from '../../scripts/history/seeded-faults.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The sources of this checkout as another version of them would be; `commandLine` runs them. Throws where a text is not there. */
export function otherVersion(version: string, replacements: readonly Replacement[]) {
  const { path, remove } = temporaryFolder();
  cpSync(join(ROOT, 'src'), join(path, 'src'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  writeFileSync(join(path, 'package.json'), JSON.stringify({ ...manifest, version }));
  for (const replacement of replacements) replace(path, replacement);
  return { commandLine: join(path, 'src/cli/main.ts'), remove };
}
