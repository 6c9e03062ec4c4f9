import { constants, type FileHandle, open } from 'node:fs/promises';
import { exposureOf } from '../../lib/secret-file.ts';

const MOST_BYTES = 4_096;

/** Lines of a file that the service alone can read; rejects saying what is wrong with it, and nothing of what is in it. */
export async function readSecretLines(path: string): Promise<readonly string[]> {
  const file = await openFile(path);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error(`${path} is not a regular file`);
    const exposure = exposureOf(status);
    if (exposure) throw new Error(`${path} ${exposure.flaw}: ${exposure.mend} it`);
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
