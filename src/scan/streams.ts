import { once as happening } from 'node:events';
import { PassThrough } from 'node:stream';
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

/** A stream that somebody else reads along with, at the pace of the slower. `left`: as far as it was read, both have. */
export function readAlong(
  source: Bytes,
  read: (bytes: Bytes) => Promise<void>,
): { readonly bytes: Bytes; left(): Promise<void> } {
  const bytes = shared(source, read);
  return { bytes, left: async () => void (await bytes.return(undefined)) };
}

async function* shared(
  source: Bytes,
  read: (bytes: Bytes) => Promise<void>,
): AsyncGenerator<Uint8Array, undefined> {
  const copy = new PassThrough();
  const reading = read(copy);
  reading.catch(() => {});
  try {
    for await (const chunk of source) {
      if (!copy.write(chunk)) await Promise.race([happening(copy, 'drain'), reading]);
      yield chunk;
    }
  } finally {
    copy.end();
    await reading;
  }
}
