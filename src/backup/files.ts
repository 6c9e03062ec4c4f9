import { createHash } from 'node:crypto';
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

const CHUNK_BYTES = 1 << 20;
const OWNER_ONLY = 0o600;

export interface FileDigest {
  readonly bytes: number;
  /** Hex, as `sha256sum` prints it. */
  readonly sha256: string;
}

interface Reading {
  /** The new file, 0600, that gets what is read. */
  readonly to?: string;
  readonly onBytes: (bytes: number) => void;
}

/** Reads a file to its end; a copy of it is durable then. */
export async function digestFile(file: string, { to, onBytes }: Reading): Promise<FileDigest> {
  const hash = createHash('sha256');
  const from = await open(file, 'r');
  const copy = to === undefined ? undefined : await open(to, 'wx', OWNER_ONLY).catch(closing(from));
  let bytes = 0;
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await from.read(chunk, 0, CHUNK_BYTES);
      if (bytesRead === 0) break;
      const read = chunk.subarray(0, bytesRead);
      hash.update(read);
      await copy?.writeFile(read);
      bytes += bytesRead;
      onBytes(bytesRead);
    }
    await copy?.sync();
  } finally {
    await from.close();
    await copy?.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

function closing(handle: FileHandle): (error: unknown) => Promise<never> {
  return async (error) => {
    await handle.close();
    throw error;
  };
}

/** A file, or the names in a folder, survive a power cut from here on. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a file system has left for this user. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(path));
  return bavail * bsize;
}
