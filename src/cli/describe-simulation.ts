import { humanSpan } from '../lib/human-span.ts';
import type { Context } from './context.ts';
import { type Cell, fields, table } from './table.ts';

interface Mishap {
  readonly at: number;
  readonly verifier: string | null;
  readonly what: string;
}

interface Simulation {
  readonly from: number;
  readonly until: number;
  readonly rotations: number;
  readonly keySets: number;
  readonly issued: number;
  readonly goodShown: number;
  readonly badShown: number;
  readonly refusedGood: readonly Mishap[];
  readonly acceptedBad: readonly Mishap[];
  readonly notIssued: readonly Mishap[];
  readonly longestBehind: Readonly<Record<string, number>>;
}

const MOST_SHOWN = 20;

export function mishapsOf({ refusedGood, acceptedBad, notIssued }: Simulation): readonly Mishap[] {
  return [...refusedGood, ...acceptedBad, ...notIssued];
}

export function describeSimulation(of: Simulation, context: Context): string {
  const { colour } = context.terminal;
  const count = (shown: number, wrong: readonly Mishap[], what: string): Cell =>
    wrong.length === 0 ? [`${shown}, none ${what}`, 'green'] : [`${shown}, ${wrong.length} ${what}`, 'red'];
  const summary = fields(
    [
      ['lived through', humanSpan(of.until - of.from)],
      ['rotations', String(of.rotations)],
      ['key sets', String(of.keySets)],
      ['tokens', count(of.issued, of.notIssued, 'not issued')],
      ['good tokens shown', count(of.goodShown, of.refusedGood, 'refused')],
      ['bad tokens shown', count(of.badShown, of.acceptedBad, 'accepted')],
      ...Object.entries(of.longestBehind).map(([verifier, seconds]): [string, Cell] => [
        `${verifier} was behind by`,
        humanSpan(seconds),
      ]),
    ],
    colour,
  );
  return [summary, ...mishapTable(of, colour)].join('\n\n');
}

function mishapTable(of: Simulation, colour: boolean): readonly string[] {
  const mishaps = mishapsOf(of).slice(0, MOST_SHOWN);
  if (mishaps.length === 0) return [];
  const rows = mishaps.map(({ at, verifier, what }) => [
    new Date(at * 1_000).toISOString(),
    verifier ?? '-',
    what,
  ]);
  return [table(['at', 'verifier', 'what went wrong'], rows, colour)];
}
