import { type Colour, paint } from './text.ts';
import { type Breaks, parts, widthOf, wrapped } from './wrap.ts';

/** One text of a table as it will stand there. */
export interface Text {
  readonly text: string;
  readonly colour: Colour | undefined;
  /** Whether it may be wrapped. */
  readonly isProse: boolean;
}

/** Row by row. */
type Texts = readonly (readonly Text[])[];

/** A column is not wrapped to less than this, unless its words are shorter. */
const LEAST_WIDTH = 12;
/** Between two columns. */
export const GAP = 2;

export function naturalWidths(texts: Texts): readonly number[] {
  const [first = []] = texts;
  return first.map((_, column) => Math.max(...texts.map((row) => widthOf(row[column]?.text ?? ''))));
}

/** Widths with which it fits; undefined where it does not. The widest column gives way first. */
export function fittingWidths(
  texts: Texts,
  total: number,
  breaks: Breaks | undefined,
): readonly number[] | undefined {
  const widths = [...naturalWidths(texts)];
  const least = breaks ? widths.map((natural, column) => leastWidth(texts, column, natural, breaks)) : widths;
  const available = total - GAP * (widths.length - 1);
  for (let sum = widths.reduce((a, b) => a + b, 0); sum > available; sum -= 1) {
    let widest = -1;
    for (const [at, width] of widths.entries()) {
      if (width > (least[at] ?? 0) && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function leastWidth(texts: Texts, column: number, natural: number, breaks: Breaks): number {
  const widest = texts.map((row) => {
    const { text = '', isProse = false } = row[column] ?? {};
    return isProse ? Math.max(0, ...breaks(text).map((part) => widthOf(part.trimEnd()))) : widthOf(text);
  });
  const body = texts.slice(1).map((row) => widthOf(row[column]?.text ?? ''));
  return Math.max(...widest, Math.min(natural, LEAST_WIDTH, Math.max(0, ...body)));
}

export function draw(texts: Texts, widths: readonly number[], colour: boolean): string {
  return texts
    .flatMap((row) => {
      const cells = row.map(({ text, isProse }, at) =>
        isProse ? wrapped(text, widths[at] ?? 0, parts) : [text],
      );
      const height = Math.max(1, ...cells.map((lines) => lines.length));
      return Array.from({ length: height }, (_, line) =>
        rowLine(
          row.map((text, at) => [cells[at]?.[line] ?? '', text.colour] as const),
          widths,
          colour,
        ),
      );
    })
    .join('\n');
}

export function rowLine(
  row: readonly (readonly [text: string, colour: Colour | undefined])[],
  widths: readonly number[],
  enabled: boolean,
): string {
  return row
    .map(([text, colour], column) => {
      const padding = column === row.length - 1 ? 0 : Math.max(0, (widths[column] ?? 0) - widthOf(text));
      return (text === '' ? '' : paint(text, colour, enabled)) + ' '.repeat(padding);
    })
    .join(' '.repeat(GAP))
    .trimEnd();
}
