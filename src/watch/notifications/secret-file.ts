import { constants, type FileHandle, open } from 'node:fs/promises';

const MOST_BYTES = 4_096;
const OPEN_TO_OTHERS = 0o077;

/** Lines of a file that its owner alone can read; rejects saying what is wrong with it, and nothing of what is in it. */
export async function readSecretLines(path: string): Promise<readonly string[]> {
  const file = await openFile(path);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error(`${path} is not a regular file`);
    if ((status.mode & OPEN_TO_OTHERS) !== 0) {
      throw new Error(`${path} is open to group or others: chmod 600 it`);
    }
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MOST_BYTES + 1), 0, MOST_BYTES + 1, 0);
    if (bytesRead > MOST_BYTES) throw new Error(`${path} holds more than ${MOST_BYTES} bytes`);
    const lines = buffer
      .toString('utf8', 0, bytesRead)
      .split(/\r?\n/)
      .filter((line) => line !== '');
    if (lines.length === 0) throw new Error(`${path} is empty`);
    return lines;
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // A pipe would keep waiting for its other end.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new Error(`${path} cannot be opened`, { cause });
  }
}
