import { printable } from '../lib/printable.ts';
import { type Colour, paint } from './colour.ts';

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
