/**
 * A stretch of a stream with what stands around it. What begins in `[from, until)` is this window's to report: so
 * each place of the stream is reported by exactly one window, however the bytes arrived.
 */
export interface Window {
  readonly bytes: Buffer;
  /** Place in the stream of the first byte of `bytes`. */
  readonly base: number;
  readonly from: number;
  readonly until: number;
}

/** What a window shows before and behind its own stretch: more than any finding reaches. */
const REACH_BYTES = 32 * 1024;
const STRETCH_BYTES = 1024 * 1024;

/** In bytes; tests choose small ones. `reach` must exceed what any finding spans. */
export interface Cut {
  readonly stretch: number;
  readonly reach: number;
}

/**
 * Cuts a stream into windows. Holds one window, whatever the length of the stream and of its chunks. Of a stream that
 * fails, what came before is shown before the failure is thrown.
 */
export async function* windows(
  source: AsyncIterable<Uint8Array>,
  { stretch, reach }: Cut = { stretch: STRETCH_BYTES, reach: REACH_BYTES },
): AsyncGenerator<Window> {
  const held = Buffer.allocUnsafe(2 * reach + stretch);
  let length = 0;
  let base = 0;
  let from = 0;
  let failure: { readonly error: unknown } | undefined;
  const chunks = failingLast(source, (error) => {
    failure = { error };
  });
  for await (const chunk of chunks) {
    let taken = 0;
    while (taken < chunk.length) {
      const part = chunk.subarray(taken, taken + held.length - length);
      held.set(part, length);
      length += part.length;
      taken += part.length;
      if (length < held.length) continue;
      const until = base + length - reach;
      yield { bytes: held.subarray(0, length), base, from, until };
      const keptFrom = until - base - reach;
      held.copyWithin(0, keptFrom, length);
      length -= keptFrom;
      base += keptFrom;
      from = until;
    }
  }
  if (base + length > from) yield { bytes: held.subarray(0, length), base, from, until: base + length };
  if (failure) throw failure.error;
}

/** A stream that ends where the source fails. */
async function* failingLast(
  source: AsyncIterable<Uint8Array>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    onFailure(error);
  }
}

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
