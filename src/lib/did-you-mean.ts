const LONGEST = 64;
const SHORTEST_START = 3;

/**
 * The candidate that differs least from what was written, where that is little enough for a slip of the hand; else
 * one of which it is the beginning.
 */
export function didYouMean(written: string, candidates: readonly string[]): string | undefined {
  if (written.length > LONGEST) return undefined;
  const wanted = written.toLowerCase();
  const most = Math.max(1, Math.floor(wanted.length / 3));
  const [best] = candidates
    .filter(({ length }) => Math.abs(length - wanted.length) <= most)
    .map((candidate) => ({ candidate, edits: edits(wanted, candidate.toLowerCase()) }))
    .sort((one, other) => one.edits - other.edits);
  if (best && best.edits <= most) return best.candidate;
  return wanted.length < SHORTEST_START
    ? undefined
    : candidates.find((candidate) => candidate.startsWith(wanted));
}

/** Letters left out, put in, exchanged or swapped with their neighbour (optimal string alignment distance). */
function edits(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + same,
        swapped ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, other.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
