import type { Cell } from './matrix.ts';

/**
 * Cells in which any two of table, manipulation, state and mode meet that meet in one of all, as few of a running
 * service as that takes. Each comes with those that do as well, for where nothing comes of it.
 */
export function pairwise(all: readonly Cell[]): Cell[][] {
  const alike = Map.groupBy(all, ({ table, kind, state, mode }) => [table, kind, state, mode].join());
  const candidates = [...alike.values()].map((cells) => ({ cells, pairs: pairsOf(cells[0]) }));
  const open = new Set(candidates.flatMap(({ pairs }) => pairs));
  const isRunning = ({ cells }: (typeof candidates)[number]) => cells[0]?.state === 'running';
  const chosen: Cell[][] = [];
  while (open.size > 0) {
    const gains = candidates.map(({ pairs }) => pairs.filter((pair) => open.has(pair)).length);
    const most = Math.max(...gains);
    const equals = candidates.filter((_, at) => gains[at] === most);
    const cheap = equals.some((each) => !isRunning(each))
      ? equals.filter((each) => !isRunning(each))
      : equals;
    const best = cheap[chosen.length % cheap.length];
    if (!best) break;
    for (const pair of best.pairs) open.delete(pair);
    const start = chosen.length % best.cells.length;
    chosen.push([...best.cells.slice(start), ...best.cells.slice(0, start)]);
  }
  return chosen;
}

function pairsOf(cell: Cell | undefined): string[] {
  if (!cell) return [];
  const parts = [cell.table, cell.kind, cell.state, cell.mode];
  return parts.flatMap((one, at) => parts.slice(at + 1).map((other) => `${one}, ${other}`));
}
