import type { Bytes } from './scan-stream.ts';

export interface Peeked {
  readonly head: Buffer;
  readonly whole: Bytes;
  /** For who does not read the whole. */
  close(): Promise<unknown>;
}

/** The first bytes of a stream, up to `count`, and the whole of it once more. */
export async function peek(source: Bytes, count: number): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < count) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return { head, whole: rejoined(head, iterator), close: async () => iterator.return?.() };
}

async function* rejoined(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
