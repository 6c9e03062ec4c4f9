const LINE_FEED = 0x0a;

/**
 * Numbers the lines of a stream that is read front to back; of what holds a zero byte at its start, none. Whoever asks
 * in the order of the places has each byte looked at once, however often they ask; anew for each step back.
 */
export class LineCount {
  readonly #countIn: typeof lineFeeds;
  #counted = 0;
  #line = 1;
  /** What was last asked for: bytes behind what was counted, and the line feeds in them. */
  #asked = { bytes: 0, lineFeeds: 0 };
  #isText: boolean | undefined;

  constructor(countIn = lineFeeds) {
    this.#countIn = countIn;
  }

  /** `bytes` follow what was counted before. */
  pass(bytes: Buffer): void {
    if (!this.#text(bytes)) return;
    this.#line += this.#upTo(bytes.length, bytes);
    this.#counted += bytes.length;
    this.#asked = { bytes: 0, lineFeeds: 0 };
  }

  /** Of a place in the stream behind what was counted; `bytes` are what follows it. */
  lineAt(offset: number, bytes: Buffer): number | null {
    return this.#text(bytes) ? this.#line + this.#upTo(offset - this.#counted, bytes) : null;
  }

  #text(bytes: Buffer): boolean {
    this.#isText ??= !bytes.subarray(0, 8_192).includes(0);
    return this.#isText;
  }

  #upTo(end: number, bytes: Buffer): number {
    const from = end < this.#asked.bytes ? { bytes: 0, lineFeeds: 0 } : this.#asked;
    const count = from.lineFeeds + this.#countIn(bytes.subarray(from.bytes, end));
    this.#asked = { bytes: end, lineFeeds: count };
    return count;
  }
}

export function lineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === LINE_FEED) count++;
  return count;
}
