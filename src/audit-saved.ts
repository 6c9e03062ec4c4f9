import { linesOf } from './audit/lines-of.ts';
import type { SavedCheckpoint } from './audit-verify/verify-checkpoints.ts';
import { usageFailure } from './cli/failure.ts';

/**
 * A checkpoint as it is, the answer of the endpoint, or every checkpoint of a sink's file, but for a line that a crash
 * cut short. A usage failure for a file without any.
 */
export function savedIn(files: readonly string[]): readonly SavedCheckpoint[] {
  return files.flatMap((from) => {
    const saved: SavedCheckpoint[] = [];
    for (const line of linesOf(from)) {
      const jws = jwsIn(line.trim());
      if (jws !== undefined) saved.push({ from, jws });
    }
    if (saved.length > 0) return saved;
    throw usageFailure(
      `${from} holds no checkpoint; it must be one, what /v1/checkpoints/latest answers, or the file of a sink`,
    );
  });
}

function jwsIn(line: string): string | undefined {
  if (!line.startsWith('{')) return line === '' ? undefined : line;
  const { checkpoint } = parsed(line);
  return typeof checkpoint === 'object' ? checkpoint?.jws : checkpoint;
}

function parsed(line: string): { readonly checkpoint?: string | { readonly jws: string } | null } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
