/** Text found in bytes, and where: the character at `i` stands at byte `start + i * width`. */
export interface Text {
  readonly text: string;
  readonly start: number;
  readonly width: 1 | 2;
}

/** Printable characters with a zero byte each: what UTF-16 makes of ASCII. */
const WIDE_RUN = /(?:[\t\n\r -~]\0){8,}/g;

/** The bytes as characters of one byte each, and the stretches of UTF-16 among them. */
export function textsIn(bytes: Buffer, needles: readonly string[] | null): readonly Text[] {
  const holds = (encoding: 'latin1' | 'utf16le') =>
    needles === null || needles.some((needle) => bytes.includes(Buffer.from(needle, encoding)));
  const narrow = holds('latin1');
  const wide = holds('utf16le');
  if (!narrow && !wide) return [];
  const text = bytes.toString('latin1');
  return [...(narrow ? [{ text, start: 0, width: 1 } as const] : []), ...(wide ? wideTexts(text) : [])];
}

function* wideTexts(text: string): Generator<Text> {
  for (const { 0: run, index: start } of text.matchAll(WIDE_RUN)) {
    yield { text: run.replaceAll('\0', ''), start, width: 2 };
  }
}
