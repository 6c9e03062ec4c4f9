const LINE_FEED = 0x0a;

/** Numbers the lines of a stream that is read front to back; of what holds a zero byte at its start, none. */
export class LineCount {
  #counted = 0;
  #line = 1;
  #isText: boolean | undefined;

  /** `bytes` follow what was counted before. */
  pass(bytes: Buffer): void {
    this.#isText ??= !bytes.subarray(0, 8_192).includes(0);
    if (!this.#isText) return;
    this.#line += lineFeeds(bytes);
    this.#counted += bytes.length;
  }

  /** Of a place in the stream behind what was counted; `bytes` are what follows it. */
  lineAt(offset: number, bytes: Buffer): number | null {
    this.#isText ??= !bytes.subarray(0, 8_192).includes(0);
    return this.#isText ? this.#line + lineFeeds(bytes.subarray(0, offset - this.#counted)) : null;
  }
}

function lineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
