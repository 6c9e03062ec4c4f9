import type { KeyAnswer, RefusedKeyAnswer } from './answers.ts';
import type { Colour } from './colour.ts';
import type { Context } from './context.ts';
import { type Cell, table } from './text.ts';
import { humanTime } from './time.ts';

const COLOURS = new Map<string, Colour>([
  ['active', 'green'],
  ['suspended', 'yellow'],
  ['compromised', 'red'],
  ['destroyed', 'dim'],
  ['unproven', 'red'],
  ['missing', 'yellow'],
  ['unchecked', 'dim'],
]);

/** The keys, and below them why those are out of service that are. */
export function describeKeys(keys: readonly KeyAnswer[], { terminal }: Context): string {
  if (keys.length === 0) return 'no keys';
  const time = (seconds: number | null) => (seconds === null ? '-' : humanTime(seconds, terminal.nowSeconds));
  const listed = table(
    ['kid', 'scope', 'state', 'algorithm', 'hsm token', 'proof', 'signs from', 'signs until'],
    keys.map((key) => [
      key.kid,
      key.scope,
      stateCell(key.state),
      key.algorithm,
      key.hsm_token,
      stateCell(key.proof.status),
      time(key.sign_from),
      time(key.sign_until),
    ]),
    terminal.colour,
  );
  const reasons = keys.flatMap(({ kid, proof }) => proof.reasons.map((reason) => [kid, reason]));
  return reasons.length === 0
    ? listed
    : `${listed}\n\n${table(['not proven', 'why'], reasons, terminal.colour)}`;
}

/** Nothing where no row was refused. */
export function describeRefusedKeys(refused: readonly RefusedKeyAnswer[], { terminal }: Context): string[] {
  if (refused.length === 0) return [];
  const rows = refused.map(({ kid, scope, why }): Cell[] => [[kid, 'red'], scope, why]);
  return [table(['refused', 'scope', 'why'], rows, terminal.colour)];
}

export function stateCell(text: string): Cell {
  const colour = COLOURS.get(text);
  return colour ? [text, colour] : text;
}
