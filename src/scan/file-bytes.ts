import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { LimitReached } from './limits.ts';

const CHUNK_BYTES = 256 * 1024;
/** A disk may have to start, or a server be asked again; what has not answered then will not. */
const ANSWERS_WITHIN_MS = 60_000;
/** What would wait for somebody to write is an error instead. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** What a file holds, as long as it answers. It is opened when it is first read. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const file = await within(ANSWERS_WITHIN_MS, open(path, FLAGS));
  yield* answering(file.createReadStream({ highWaterMark: CHUNK_BYTES }), ANSWERS_WITHIN_MS);
}

/** Throws `LimitReached` where the next chunk does not come. */
export async function* answering(stream: Readable, withinMs: number): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(withinMs, chunks.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LimitReached(`no byte came for ${ms / 1_000} seconds`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
