import type { KeyAnswer } from './answers.ts';
import type { Colour } from './colour.ts';
import type { Context } from './context.ts';
import { type Cell, table } from './table.ts';
import { humanTime } from './time.ts';

const COLOURS = new Map<string, Colour>([
  ['active', 'green'],
  ['suspended', 'yellow'],
  ['compromised', 'red'],
  ['destroyed', 'dim'],
]);

export function describeKeys(keys: readonly KeyAnswer[], { terminal }: Context): string {
  if (keys.length === 0) return 'no keys';
  const time = (seconds: number | null) => (seconds === null ? '-' : humanTime(seconds, terminal.nowSeconds));
  return table(
    ['kid', 'scope', 'state', 'algorithm', 'signs from', 'signs until'],
    keys.map((key) => [
      key.kid,
      key.scope,
      stateCell(key.state),
      key.algorithm,
      time(key.sign_from),
      time(key.sign_until),
    ]),
    terminal.colour,
  );
}

function stateCell(state: string): Cell {
  const colour = COLOURS.get(state);
  return colour ? [state, colour] : state;
}
