import type { Cell } from './matrix.ts';

type Part = 'table' | 'kind' | 'state' | 'mode';
type Pair = readonly [Part, Part];

const ALL_PAIRS: readonly Pair[] = [
  ['table', 'kind'],
  ['table', 'state'],
  ['table', 'mode'],
  ['kind', 'state'],
  ['kind', 'mode'],
  ['state', 'mode'],
];

/** All but that every manipulation meets every table, which takes three times as many cells. */
export const FEW_PAIRS: readonly Pair[] = ALL_PAIRS.filter(
  ([one, other]) => one !== 'table' || other !== 'kind',
);

/**
 * Cells in which any two of table, manipulation, state and mode meet that meet in one of all, as few of a running
 * service as that takes. Each comes with those that do as well, for where nothing comes of it.
 */
export function pairwise(all: readonly Cell[], pairs = ALL_PAIRS): Cell[][] {
  const alike = Map.groupBy(all, ({ table, kind, state, mode }) => [table, kind, state, mode].join());
  const candidates = [...alike.values()].map((cells) => ({ cells, pairs: pairsOf(cells[0], pairs) }));
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

function pairsOf(cell: Cell | undefined, pairs: readonly Pair[]): string[] {
  return cell ? pairs.map(([one, other]) => `${one} ${cell[one]}, ${other} ${cell[other]}`) : [];
}
