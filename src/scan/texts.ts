/** Text found in bytes. */
interface Text {
  readonly text: string;
  /** Where the character at that index begins, in bytes from the first of those searched. */
  placeOf(index: number): number;
}

/** Printable characters with a zero byte each: what UTF-16 makes of ASCII. Repeated in full: so V8 skips more at once. */
const WIDE = String.raw`[\t\n\r -~]\0`;
const WIDE_RUN = new RegExp(`${WIDE.repeat(8)}(?:${WIDE})*`, 'g');
/** Behind a line or two of base64 or base64url, what JSON, YAML and mail put between lines, and JSON before a slash. */
const CHAR = '[A-Za-z0-9+/_-]';
const LEAST_RUN = 32;
const BASE64_RUN = new RegExp(
  String.raw`${CHAR.repeat(LEAST_RUN)}${CHAR}*(?:(?:(?:\\{1,8}[rn]|[\r\n]){1,4}[ \t]{0,64}|\\{1,8}(?=\/))${CHAR}+)*`,
  'g',
);
const BETWEEN_LINES = /(?:\\+[rn]|[\r\n])+[ \t]*|\\+/g;
/** Characters of base64 that make three bytes. What stands before a run without a delimiter may shift it by as many. */
const GROUP = 4;
/** Base64 within base64, as a Docker credential in a Kubernetes secret is. */
const LAYERS = 2;

/** The bytes as characters of one byte each, and the stretches of UTF-16 among them. */
export function textsIn(bytes: Buffer): readonly Text[] {
  const text = bytes.toString('latin1');
  const narrow: Text = { text, placeOf: (index) => index };
  return text.includes('\0') ? [narrow, ...wideTexts(text)] : [narrow];
}

/** What those texts hold in base64 and base64url: decoded, as `textsIn` shows it. */
export function decodedTexts(texts: readonly Text[], layers = LAYERS): readonly Text[] {
  if (layers === 0) return [];
  const decoded = texts.flatMap((each) => decodedRuns(each));
  return [...decoded, ...decodedTexts(decoded, layers - 1)];
}

function* wideTexts(text: string): Generator<Text> {
  for (const { 0: run, index: start } of text.matchAll(WIDE_RUN)) {
    yield { text: run.replaceAll('\0', ''), placeOf: (index) => start + index * 2 };
  }
}

interface Run {
  readonly text: string;
  readonly start: number;
}

function decodedRuns({ text, placeOf }: Text): Text[] {
  const runs = Array.from(text.matchAll(BASE64_RUN), ({ 0: run, index: start }) => ({ text: run, start }));
  if (runs.length === 0) return [];
  return Array.from({ length: GROUP }, (_, shift) => decodedShifted(runs, shift)).flatMap(
    ({ bytes, placeIn }) =>
      textsIn(bytes).map((inner) => ({
        text: inner.text,
        placeOf: (index: number) => placeOf(placeIn(inner.placeOf(index))),
      })),
  );
}

/** All runs one after the other, without the first characters of each. */
function decodedShifted(runs: readonly Run[], shift: number) {
  const bytes = Buffer.alloc(runs.reduce((sum, { text }) => sum + Math.ceil((text.length * 6) / 8) + 1, 0));
  const starts: number[] = [];
  let length = 0;
  for (const { text } of runs) {
    starts.push(length);
    // One byte stays between two, which nothing reaches across.
    length += bytes.write(text.replaceAll(BETWEEN_LINES, '').slice(shift), length, 'base64') + 1;
  }
  const placeIn = (byte: number) => {
    const index = starts.findLastIndex((start) => start <= byte);
    const { text, start } = runs[index] ?? { text: '', start: 0 };
    return start + placeInRun(text, shift + Math.floor(((byte - (starts[index] ?? 0)) * 8) / 6));
  };
  return { bytes: bytes.subarray(0, length), placeIn };
}

/** Of a character of base64, counted without what stands between lines. */
function placeInRun(run: string, char: number): number {
  let place = char;
  for (const { 0: gap, index } of run.matchAll(BETWEEN_LINES)) {
    if (index > place) break;
    place += gap.length;
  }
  return place;
}
