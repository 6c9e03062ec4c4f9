import { randomBytes } from 'node:crypto';
import { printable } from '../lib/html.ts';
import { humanSpan, isoInstant } from '../lib/instant.ts';

/** Known to this process alone: no text from elsewhere can bear it. */
const NONCE = randomBytes(16).toString('hex');
const COLOUR = new RegExp(`\u001b\\[(\\d+)/${NONCE}m`, 'g');
const UNSAFE = /(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/gu;

/** A colour that `terminalText` lets pass. */
function colourMark(code: number): string {
  return `\u001b[${code}/${NONCE}m`;
}

/**
 * The one form in which text reaches the terminal: with its own colours, and U+FFFD for whatever else a terminal would
 * obey, hide or show in another order.
 */
export function terminalText(text: string): string {
  return text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? `\u001b[${part}m` : part.replaceAll(UNSAFE, '\ufffd')))
    .join('');
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Colour = keyof typeof CODES;

/** In the form that `terminalText` lets pass. */
export function paint(text: string, colour: Colour | undefined, enabled: boolean): string {
  return colour && enabled ? `${colourMark(CODES[colour])}${text}${colourMark(0)}` : text;
}

/** A cell is its text, or its text with a colour. */
export type Cell = string | readonly [text: string, colour: Colour];

const textOf = (cell: Cell) => printable(typeof cell === 'string' ? cell : cell[0]);
const colourOf = (cell: Cell) => (typeof cell === 'string' ? undefined : cell[1]);

/** Columns two spaces apart, headings in capitals; no line ends in spaces. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  colour: boolean,
): string {
  const all = [headings.map((heading): Cell => [heading.toUpperCase(), 'dim']), ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => textOf(row[column] ?? '').length)));
  return all.map((row) => line(row, widths, colour)).join('\n');
}

/** One `name  value` a line, values aligned. */
export function fields(pairs: readonly (readonly [name: string, value: Cell])[], colour: boolean): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => line([[name, 'dim'], value], [width, 0], colour)).join('\n');
}

function line(row: readonly Cell[], widths: readonly number[], colour: boolean): string {
  return row
    .map((cell, column) => {
      const padding = column === row.length - 1 ? 0 : (widths[column] ?? 0) - textOf(cell).length;
      return paint(textOf(cell), colourOf(cell), colour) + ' '.repeat(padding);
    })
    .join('  ')
    .trimEnd();
}

/** `2026-11-23 19:45:10Z`, of seconds since the epoch. */
export function utc(seconds: number): string {
  return `${isoInstant(seconds).slice(0, 19).replace('T', ' ')}Z`;
}

/** `2026-11-23 19:45:10Z (3 minutes ago)`; both in seconds since the epoch. */
export function humanTime(seconds: number, nowSeconds: number): string {
  return `${utc(seconds)} (${relative(seconds - nowSeconds)})`;
}

function relative(difference: number): string {
  if (difference === 0) return 'now';
  return difference < 0 ? `${humanSpan(-difference)} ago` : `in ${humanSpan(difference)}`;
}
