import { readFileSync } from 'node:fs';
import type { SavedCheckpoint } from './audit/verify/verify-checkpoints.ts';

/** A checkpoint as it is, the answer of the endpoint, or every checkpoint of a sink's file. */
export function savedIn(files: readonly string[]): readonly SavedCheckpoint[] {
  return files.flatMap((from) =>
    readFileSync(from, 'utf8')
      .split('\n')
      .flatMap((line) => jwsIn(line.trim()))
      .map((jws) => ({ from, jws })),
  );
}

function jwsIn(line: string): string[] {
  if (!line.startsWith('{')) return line === '' ? [] : [line];
  const { checkpoint } = JSON.parse(line) as { checkpoint?: string | { jws: string } };
  if (checkpoint === undefined) return [];
  return [typeof checkpoint === 'string' ? checkpoint : checkpoint.jws];
}
