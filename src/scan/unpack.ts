import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { fromBufferPromise, openPromise, type Entry as ZipEntry, type ZipFile } from 'yauzl';
import { type ExpansionLimits, LimitReached } from './finding.ts';
import type { Bytes } from './scan-stream.ts';

interface Entry {
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

/** A zip by its path, or whole in memory. */
export type ZipPlace = string | Buffer;

interface PackedEntry {
  readonly name: string;
  readonly packedBytes: number;
  /** Why it cannot be unpacked. */
  readonly flaw: string | undefined;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

/** The entries that the directory of a zip lists. */
export async function* zipEntries(place: ZipPlace): AsyncGenerator<PackedEntry> {
  // Names are shown, never written to: what they say of paths is no matter.
  const options = { autoClose: false, decodeStrings: false, lazyEntries: true };
  const zip = await (typeof place === 'string'
    ? openPromise(place, options)
    : fromBufferPromise(place, options));
  try {
    for await (const entry of zip.eachEntry()) yield packedEntry(zip, entry);
  } finally {
    zip.close();
  }
}

function packedEntry(zip: ZipFile, entry: ZipEntry): PackedEntry {
  const flaw = entry.isEncrypted()
    ? 'it is encrypted'
    : entry.canDecodeFileData()
      ? undefined
      : `compression method ${entry.compressionMethod} is not read`;
  return {
    // With decodeStrings off it is what the archive holds, whatever the type says.
    name: Buffer.from(entry.fileName).toString('utf8'),
    packedBytes: entry.compressedSize,
    flaw,
    open: () => zip.openReadStreamPromise(entry),
  };
}

const MAKE = { gzip: createGunzip, zstd: createZstdDecompress } as const;
export type Compression = keyof typeof MAKE;

/** Given at a time: what comes of it, a thousand times as much at most, is held until it is taken. */
const PART_BYTES = 16 * 1024;

interface Decompression {
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
