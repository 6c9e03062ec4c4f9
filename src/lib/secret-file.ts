import { constants, type FileHandle, open } from 'node:fs/promises';

/** Who reads: its effective user, and all groups that count for it. */
interface Reader {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Who may do more with a secret's file than read it as the service does, and the command that ends it. */
interface Exposure {
  readonly flaw: string;
  readonly mend: string;
}

interface FileStatus {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const ROOT = 0;
const GROUP_AND_OTHERS = 0o077;
const OTHERS = 0o007;
const GROUP = 0o070;
const GROUP_READ = 0o040;
const OWNER_WRITE = 0o200;

/** This process. */
function thisReader(): Reader {
  const { geteuid, getegid, getgroups } = process;
  return { uid: geteuid?.() ?? -1, gid: getegid?.() ?? -1, groups: getgroups?.() ?? [] };
}

/**
 * What is wrong with who can read the file of a secret; undefined where it is the service alone, and root. A
 * service manager mounts a secret as root's: systemd (`LoadCredential=`) with an ACL for the service's user, whose
 * mask then shows as the group's bits, Kubernetes (`fsGroup`) with a group of the pod. What mends it leaves the service its own access.
 */
export function exposureOf(file: FileStatus, reader: Reader = thisReader()): Exposure | undefined {
  if ((file.mode & GROUP_AND_OTHERS) === 0 || isMounted(file, reader)) return undefined;
  const flaw = 'is open to group or others';
  if (file.uid === reader.uid) return { flaw, mend: 'chmod 600' };
  if (file.uid !== ROOT) return { flaw, mend: 'chown to the one that runs the service, then chmod 600' };
  if ((file.mode & OTHERS) !== 0) return { flaw: 'is open to everybody', mend: 'chmod o=' };
  if ((file.mode & GROUP) !== GROUP_READ)
    return { flaw: 'is open to more than reading by its group', mend: 'chmod g=r' };
  return { flaw: `can be read by the group ${file.gid}, which the service is not in`, mend: 'chgrp root' };
}

function isMounted(file: FileStatus, reader: Reader): boolean {
  if (file.uid !== ROOT || (file.mode & GROUP_AND_OTHERS) !== GROUP_READ) return false;
  const groups = [ROOT, reader.gid, ...reader.groups];
  return groups.includes(file.gid) && !couldCloseIt(file, reader);
}

/** To a service that runs as root, its own group gives nothing that closing a file of its own would take away. */
function couldCloseIt({ mode, gid }: FileStatus, reader: Reader): boolean {
  return reader.uid === ROOT && gid === reader.gid && (mode & OWNER_WRITE) !== 0;
}

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
