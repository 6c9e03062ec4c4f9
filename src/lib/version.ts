import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The package's own, two folders up both in a checkout and as it is built. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).version;
}
