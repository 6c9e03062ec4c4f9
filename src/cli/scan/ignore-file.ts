import { existsSync, readFileSync } from 'node:fs';
import { usageFailure } from '../failure.ts';

const DEFAULT_FILE = '.keywardignore';
const LINE = /^([0-9a-f]{32})?\s*(?:#.*)?$/;

/** What somebody looked at and found harmless: the file that says so, and the fingerprints in it. */
export interface Ignored {
  readonly file: string;
  readonly fingerprints: ReadonlySet<string>;
}

/** The file that was named, else `.keywardignore` where there is one: a fingerprint a line, and after `#` why. */
export function readIgnoreFile(named: string | undefined): Ignored {
  const file = named ?? DEFAULT_FILE;
  if (named === undefined && !existsSync(file)) return { file, fingerprints: new Set() };
  const lines = read(file).split('\n');
  const fingerprints = lines.flatMap((line, at) => {
    const match = LINE.exec(line.trim());
    if (!match)
      throw usageFailure(`${file}:${at + 1}: write a fingerprint of 32 characters, as --json shows it`);
    return match[1] === undefined ? [] : [match[1]];
  });
  return { file, fingerprints: new Set(fingerprints) };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usageFailure(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
