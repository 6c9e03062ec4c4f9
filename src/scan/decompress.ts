import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Bytes } from './scan-stream.ts';

const MAKE = { gzip: createGunzip, zstd: createZstdDecompress } as const;
export type Compression = keyof typeof MAKE;

/** Given at a time: what comes of it, a thousand times as much at most, is held until it is taken. */
const PART_BYTES = 16 * 1024;

export interface Decompression {
  readonly bytes: Bytes;
  /** Of the source, those that were of use so far. */
  taken(): number;
}

/** Unpacks a stream. What came out before an error is given out before the error is thrown. */
export function decompress(compression: Compression, source: Bytes): Decompression {
  const stream = MAKE[compression]();
  return { bytes: unpacked(stream, source), taken: () => stream.bytesWritten };
}

async function* unpacked(stream: Transform, source: Bytes): AsyncGenerator<Uint8Array> {
  const ready: Buffer[] = [];
  let failure: unknown;
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  stream.on('data', (chunk: Buffer) => ready.push(chunk));
  stream.once('error', (error) => {
    failure = error;
  });
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; at += PART_BYTES) {
        const part = chunk.subarray(at, at + PART_BYTES);
        await Promise.race([new Promise((resolve) => stream.write(part, resolve)), closed]);
        yield* ready.splice(0);
        if (failure !== undefined) throw failure;
      }
    }
    stream.end();
    await closed;
    yield* ready.splice(0);
    if (failure !== undefined) throw failure;
  } finally {
    stream.destroy();
  }
}
