import type { Bytes } from './scan-stream.ts';

/** A stream of one chunk. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The same stream, with word of each chunk. */
export async function* counted(source: Bytes, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    count(chunk.length);
    yield chunk;
  }
}

/** The same stream, with word of its end; none where it fails or is left. */
export async function* ended(source: Bytes, tell: () => void): AsyncGenerator<Uint8Array> {
  yield* source;
  tell();
}
