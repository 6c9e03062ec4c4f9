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
