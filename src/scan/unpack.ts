import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { type ExpansionLimits, LimitReached } from './limits.ts';
import type { Bytes } from './scan-stream.ts';

export interface Entry {
  readonly name: string;
  readonly bytes: Bytes;
}

/** The files of a tar, in order; each must be read to its end before the next. */
export async function* tarEntries(source: Bytes, { tarHeaderBytes }: ExpansionLimits): AsyncGenerator<Entry> {
  const tar = extract();
  let [given, taken, entries] = [0, 0, 0];
  const feed = Readable.from(
    (async function* () {
      for await (const chunk of source) {
        given += chunk.length;
        // Beside contents it holds in memory what it is given: names of any length.
        if (given - taken - chunk.length > tarHeaderBytes + 1_024 * entries) {
          throw new LimitReached(`its headers take more than ${tarHeaderBytes} bytes`);
        }
        yield chunk;
      }
    })(),
  );
  feed.once('error', (error) => tar.destroy(error));
  feed.pipe(tar);
  try {
    for await (const entry of tar) {
      entries += 1;
      yield { name: entry.header.name, bytes: counted(entry, (bytes) => (taken += bytes)) };
      entry.resume();
    }
  } finally {
    feed.destroy();
    tar.destroy();
  }
}

/** Left half-read, it is read to its end: a stream of its own that is destroyed would hold up the tar for ever. */
async function* counted(
  source: AsyncIterable<unknown>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const next = async (): Promise<Uint8Array | undefined> => {
    const { done, value } = await chunks.next();
    if (done || !(value instanceof Uint8Array)) return undefined;
    count(value.length);
    return value;
  };
  try {
    for (let chunk = await next(); chunk; chunk = await next()) yield chunk;
  } finally {
    while (await next());
  }
}
