import stringWidth from 'string-width';

/** Splits a text where a line may end; together the pieces are the text. */
export type Breaks = (text: string) => readonly string[];

export const words: Breaks = (text) => text.match(/\s*\S+\s*/g) ?? [];

/**
 * Also behind the signs within URLs, names and dates, where no word is hurt. A kid, a digest or a `jti`, in which
 * small and capital letters are mixed, stays whole: it is copied as one.
 */
const PARTS = /(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{20,}\S?\s*|[^/:,.=&?_@-]*[/:,.=&?_@-]+\s*|[^/:,.=&?_@-]+/g;

export const parts: Breaks = (text) => words(text).flatMap((word) => word.match(PARTS) ?? [word]);

/** Lines of at most that width, where its words allow it: no word is broken that `words` and `parts` leave whole. */
export function wrapped(text: string, width: number, breaks: Breaks): readonly string[] {
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of words(text)) {
    if (widthOf(line + word.trimEnd()) <= width) {
      line += word;
      continue;
    }
    const pieces = widthOf(word.trimEnd()) <= width ? [word] : breaks(word);
    for (const piece of pieces) {
      if (line !== '' && widthOf(line + piece.trimEnd()) > width) {
        lines.push(line.trimEnd());
        line = '';
      }
      line += piece;
    }
  }
  return [...lines, line.trimEnd()];
}

const ASCII = /^[\x20-\x7e]*$/;

export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/**
 * Prose in lines of that width, each broken line indented as it begins, and by `hanging` more. `plain` takes away what
 * does not show.
 */
export function wrapLines(
  text: string,
  columns: number | undefined,
  plain: (line: string) => string,
  hanging = '',
): string {
  if (columns === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => (widthOf(plain(line)) <= columns ? [line] : wrapLine(line, columns, plain, hanging)))
    .join('\n');
}

function wrapLine(
  line: string,
  columns: number,
  plain: (line: string) => string,
  hanging: string,
): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const [word, gap = ''] of line.slice(indent.length).matchAll(/( *)[^ ]+/g)) {
    if (current === '' || widthOf(plain(current + word)) <= columns) {
      current += current === '' ? indent + word : word;
      continue;
    }
    lines.push(current);
    current = indent + hanging + word.slice(gap.length);
  }
  return [...lines, current];
}
