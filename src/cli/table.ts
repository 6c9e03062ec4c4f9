import { printable } from '../lib/html.ts';
import type { Terminal } from './context.ts';
import { draw, fittingWidths, GAP, naturalWidths, rowLine, type Text } from './layout.ts';
import { absoluteTime, type Colour, humanTime, paint, shortTime } from './text.ts';
import { type Breaks, parts, widthOf, words, wrapped } from './wrap.ts';

/** A moment, in seconds since the epoch, and what stands before it. */
interface Moment {
  readonly time: number;
  readonly lead?: string;
  readonly colour?: Colour | undefined;
}

/** The thumbprint of a key. */
interface Kid {
  readonly kid: string;
  readonly lead?: string;
  readonly colour?: Colour | undefined;
}

/** A text, a text with a colour, or what has shorter forms for narrow terminals. */
export type Cell = string | readonly [text: string, colour: Colour] | Moment | Kid;

/** `extra`: left out where the table does not fit otherwise. */
export type Heading = string | { readonly name: string; readonly extra: true };

/** `columns` is undefined where nothing is to be fitted: in a pipe, and with `--wide`. */
export type Page = Pick<Terminal, 'colour' | 'columns' | 'nowSeconds'>;

/** As a pipe has it. */
export const plainPage = (colour = false): Page => ({ colour, columns: undefined, nowSeconds: 0 });

export const instantCell = (seconds: number | null): Cell => (seconds === null ? '-' : { time: seconds });

export const kidCell = (kid: string, colour?: Colour): Kid => ({ kid, colour });

const KEY_SUBJECT = /^key:([\w-]{43})$/;

/** Whom an event is about: `key:` and a kid, or any other text. */
export function subjectCell(subject: string): Cell {
  const kid = KEY_SUBJECT.exec(subject)?.[1];
  return kid === undefined ? subject : { kid, lead: 'key:' };
}

interface TableOptions {
  /** Without headings: it goes on with what is printed already. */
  readonly headless?: boolean;
  /** Kids of other tables beside it: what is short here must not fit one of them. */
  readonly among?: readonly string[];
}

/** How short kids and times are; each step is tried before the next. */
const LEVELS = { full: 0, kids: 1, times: 2, spans: 3 } as const;
type Level = (typeof LEVELS)[keyof typeof LEVELS];

/** What begins alike is longer: it must be unambiguous. */
const SHORT_KID = 8;

interface Column {
  readonly heading: string;
  readonly isExtra: boolean;
  readonly cells: readonly Cell[];
}

/**
 * Columns two spaces apart, headings in capitals; no line ends in spaces. Where `columns` is known, the table fits:
 * kids and times get shorter, long texts are wrapped between words, extra columns are left out, and what still does not
 * fit stands below each other. Only a word that is longer than the line is longer.
 */
export function table(
  headings: readonly Heading[],
  rows: readonly (readonly Cell[])[],
  page: Page,
  { headless = false, among = [] }: TableOptions = {},
): string {
  const columns = headings.map((heading, at): Column => {
    const { name, extra } = typeof heading === 'string' ? { name: heading, extra: false } : heading;
    return { heading: name, isExtra: extra, cells: rows.map((row) => row[at] ?? '') };
  });
  const kids = shortKids([...among, ...kidsIn(rows)]);
  const head = (shown: readonly Column[]): readonly Text[] =>
    shown.map(({ heading }) => ({ text: heading.toUpperCase(), colour: 'dim', isProse: true }));
  const at = (level: Level, shown: readonly Column[] = columns) => {
    const body = textsOf(shown, level, page, kids);
    return headless ? body : [head(shown), ...body];
  };
  if (page.columns === undefined) return draw(at(LEVELS.full), naturalWidths(at(LEVELS.full)), page.colour);
  for (const attempt of attemptsAt(columns)) {
    const texts = at(attempt.level, attempt.columns);
    const widths = fittingWidths(texts, page.columns, attempt.wraps);
    if (widths) return draw(texts, widths, page.colour) + leftOut(columns, attempt.columns, page);
  }
  return (headless ? '\n' : '') + blocks(columns, rows.length, page);
}

interface Attempt {
  readonly level: Level;
  readonly columns: readonly Column[];
  /** How texts are broken; undefined: not at all. */
  readonly wraps: Breaks | undefined;
}

function* attemptsAt(columns: readonly Column[]): Generator<Attempt> {
  yield { level: LEVELS.full, columns, wraps: undefined };
  yield { level: LEVELS.kids, columns, wraps: undefined };
  yield { level: LEVELS.times, columns, wraps: undefined };
  yield { level: LEVELS.times, columns, wraps: words };
  yield { level: LEVELS.spans, columns, wraps: words };
  let shown: readonly Column[] = columns;
  for (let extra = shown.findLast(({ isExtra }) => isExtra); extra; ) {
    shown = shown.filter((column) => column !== extra);
    yield { level: LEVELS.spans, columns: shown, wraps: words };
    extra = shown.findLast(({ isExtra }) => isExtra);
  }
  yield { level: LEVELS.spans, columns: shown, wraps: parts };
}

function leftOut(all: readonly Column[], shown: readonly Column[], { colour }: Page): string {
  const missing = all.filter((column) => !shown.includes(column)).map(({ heading }) => heading);
  if (missing.length === 0) return '';
  return `\n${paint(`(not shown: ${missing.join(', ')}; --wide shows all)`, 'dim', colour)}`;
}

/** One `name  value` a line, values aligned, and wrapped between words. */
export function fields(pairs: readonly (readonly [name: string, value: Cell])[], page: Page): string {
  const width = Math.max(...pairs.map(([name]) => widthOf(name)));
  const rest = page.columns === undefined ? undefined : Math.max(1, page.columns - width - GAP);
  return pairs
    .flatMap(([name, value]) => {
      const text = textOf(value, LEVELS.full, page, new Map());
      const lines = rest === undefined ? [text.text] : wrapped(text.text, rest, words);
      return lines.map((line, at) =>
        rowLine(
          [
            [at === 0 ? name : '', 'dim'],
            [line, text.colour],
          ],
          [width, 0],
          page.colour,
        ),
      );
    })
    .join('\n');
}

/** A row after the other, each as fields. */
function blocks(columns: readonly Column[], count: number, page: Page): string {
  return Array.from({ length: count }, (_, row) =>
    fields(
      columns.flatMap(({ heading, cells }) => {
        const cell = cells[row] ?? '';
        return cell === '' ? [] : [[heading || '-', cell] as const];
      }),
      page,
    ),
  ).join('\n\n');
}

/** Row by row. */
function textsOf(
  columns: readonly Column[],
  level: Level,
  page: Page,
  kids: ReadonlyMap<string, string>,
): readonly (readonly Text[])[] {
  const count = columns[0]?.cells.length ?? 0;
  return Array.from({ length: count }, (_, row) =>
    columns.map(({ cells }) => textOf(cells[row] ?? '', level, page, kids)),
  );
}

function textOf(cell: Cell, level: Level, page: Page, kids: ReadonlyMap<string, string>): Text {
  if (typeof cell === 'string') return { text: printable(cell), colour: undefined, isProse: true };
  if ('time' in cell) {
    const { time, lead = '', colour } = cell;
    return { text: lead + timeAt(time, level, page), colour, isProse: lead !== '' };
  }
  if ('kid' in cell) {
    const kid = printable(cell.kid);
    const text = level === LEVELS.full ? kid : (kids.get(kid) ?? kid);
    return { text: (cell.lead ?? '') + text, colour: cell.colour, isProse: false };
  }
  return { text: printable(cell[0]), colour: cell[1], isProse: true };
}

function timeAt(seconds: number, level: Level, { nowSeconds }: Page): string {
  if (level === LEVELS.times) return absoluteTime(seconds);
  return level === LEVELS.spans ? shortTime(seconds, nowSeconds) : humanTime(seconds, nowSeconds);
}

function kidsIn(rows: readonly (readonly Cell[])[]): readonly string[] {
  return rows
    .flat()
    .flatMap((cell) => (typeof cell === 'object' && 'kid' in cell ? [printable(cell.kid)] : []));
}

/** Of each kid the beginning that no other of the table has; at least `SHORT_KID` characters. */
function shortKids(kids: readonly string[]): ReadonlyMap<string, string> {
  const others = [...new Set(kids)].sort();
  return new Map(
    others.map((kid, at) => {
      const shared = Math.max(...[others[at - 1], others[at + 1]].map((other) => sharedLength(kid, other)));
      return [kid, kid.slice(0, Math.max(SHORT_KID, shared + 1))];
    }),
  );
}

function sharedLength(a: string, b: string | undefined): number {
  let length = 0;
  while (b !== undefined && length < a.length && a[length] === b[length]) length += 1;
  return length;
}
