import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';

export interface ConfigChange {
  /** From the top of the file, such as `['hsm', 'registry_key']`. */
  readonly member: readonly string[];
  /** What YAML can write. */
  readonly value: unknown;
}

/** Comments and order of the file stay as they are; a crash leaves the old file or the new one. */
export function writeConfig(file: string, changes: readonly ConfigChange[]): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const { member, value } of changes) document.setIn(member, value);
  const draft = `${file}.new`;
  writeFileSync(draft, document.toString(), { mode: 0o600 });
  renameSync(draft, file);
}
