import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { KeywardError } from '../kernel/errors.ts';
import { exposureOf } from '../lib/secret-file.ts';

/** Tells whether the PIN file is the one that was read before, without keeping anything of what is in it. */
export interface PinFileIdentity {
  readonly inode: string;
  readonly size: string;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
}

interface ReadPin {
  /** To be cleared by the reader. One line end at the end of the file is left out. */
  readonly pin: Buffer;
  readonly identity: PinFileIdentity;
}

const MAX_BYTES = 256;
const ROOT = 0n;

/** `invalid_config`, saying what to do, unless it is a regular file that the service alone can read, and root. */
export function readPinFile(path: string): ReadPin {
  const file = open(path);
  try {
    return { identity: inspect(file, path), pin: readPin(file, path) };
  } finally {
    closeSync(file);
  }
}

/** Without a look at what is in it. Refuses as `readPinFile`. */
export function pinFileIdentity(path: string): PinFileIdentity {
  const file = open(path);
  try {
    return inspect(file, path);
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new KeywardError('invalid_config', `the PIN file ${path} cannot be opened`, { cause });
  }
}

function inspect(file: number, path: string): PinFileIdentity {
  const status = fstatSync(file, { bigint: true });
  const { mode, uid, gid, ino, size, mtimeNs, ctimeNs } = status;
  if (!status.isFile()) refuse(path, 'is not a regular file');
  if (uid !== ROOT && uid !== BigInt(process.geteuid?.() ?? -1)) {
    refuse(path, 'belongs to another user: chown it to the one that runs the service');
  }
  const exposure = exposureOf({ mode: Number(mode), uid: Number(uid), gid: Number(gid) });
  if (exposure) refuse(path, `${exposure.flaw}: ${exposure.mend} it`);
  if (size === 0n || size > MAX_BYTES) refuse(path, `must hold 1 to ${MAX_BYTES} bytes`);
  return {
    inode: String(ino),
    size: String(size),
    mtimeNs: String(mtimeNs),
    ctimeNs: String(ctimeNs),
  };
}

function readPin(file: number, path: string): Buffer {
  const bytes = Buffer.alloc(MAX_BYTES);
  const length = lengthWithoutLineEnd(bytes, readSync(file, bytes, 0, MAX_BYTES, 0));
  if (length === 0) refuse(path, 'is empty');
  return bytes.subarray(0, length);
}

function lengthWithoutLineEnd(bytes: Buffer, length: number): number {
  if (bytes[length - 1] !== 0x0a) return length;
  return bytes[length - 2] === 0x0d ? length - 2 : length - 1;
}

function refuse(path: string, flaw: string): never {
  throw new KeywardError('invalid_config', `the PIN file ${path} ${flaw}`);
}
