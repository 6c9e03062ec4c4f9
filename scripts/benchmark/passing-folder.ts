import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder under the temporary one, which goes when the process exits. */
export function passingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
