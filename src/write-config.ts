import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { Config } from './config.ts';

/** Comments and order of the file stay as they are; a crash leaves the old file or the new one. */
export function writeHsmMembers(file: string, members: Partial<Config['hsm']>): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const [name, value] of Object.entries(members)) document.setIn(['hsm', name], value);
  const draft = `${file}.new`;
  writeFileSync(draft, document.toString(), { mode: 0o600 });
  renameSync(draft, file);
}
