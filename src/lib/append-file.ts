import { type FileHandle, open } from 'node:fs/promises';

const OWNER_ONLY = 0o600;
const NEWLINE = 10;

/** For lines to be added to; one that a crash cut short is ended, so that the next begins on its own. */
export async function openForAppending(file: string): Promise<FileHandle> {
  const handle = await open(file, 'a+', OWNER_ONLY);
  try {
    const { size } = await handle.stat();
    if (size > 0 && (await lastByte(handle, size)) !== NEWLINE) await handle.appendFile('\n');
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 ? buffer[0] : undefined;
}
