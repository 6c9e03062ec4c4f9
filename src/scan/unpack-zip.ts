import { fromBufferPromise, openPromise, type Entry as ZipEntry, type ZipFile } from 'yauzl';

/** A zip by its path, or whole in memory. */
export type ZipPlace = string | Buffer;

export interface PackedEntry {
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
