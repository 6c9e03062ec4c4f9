import { usageFailure } from '../failure.ts';
import { readInput } from '../input-file.ts';

const MOST_BYTES = 16 * 1024 ** 2;
const LINE = /^([0-9a-f]{32})?\s*(?:#.*)?$/;

/** What somebody looked at and found harmless: the file that says so, and the fingerprints in it. */
export interface Ignored {
  readonly file: string;
  readonly fingerprints: ReadonlySet<string>;
}

/** A fingerprint a line, and after `#` why. Without a file nothing is ignored: what is scanned has no say in it. */
export function readIgnoreFile(file: string | undefined): Ignored {
  if (file === undefined) return { file: '', fingerprints: new Set() };
  const lines = readInput(file, MOST_BYTES).split('\n');
  const fingerprints = lines.flatMap((line, at) => {
    const match = LINE.exec(line.trim());
    if (!match)
      throw usageFailure(`${file}:${at + 1}: write a fingerprint of 32 characters, as --json shows it`);
    return match[1] === undefined ? [] : [match[1]];
  });
  return { file, fingerprints: new Set(fingerprints) };
}
