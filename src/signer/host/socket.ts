import { chmodSync, closeSync, lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { KeywardError } from '../../kernel/errors.ts';
import { lockFile } from '../lock-file.ts';

const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const OWNER_AND_GROUP = 0o660;

/**
 * Listens at the path, which this process alone has from now on: owner and group may connect. `invalid_config` where
 * somebody else could put another socket there, `hsm_unavailable` where another signer has it. Answers what gives it up.
 */
export async function listenAt(server: Server, path: string): Promise<() => void> {
  requireOwnFolder(dirname(path));
  const lock = lockFile(`${path}.lock`, 'signer');
  removeOld(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new KeywardError('invalid_config', `cannot listen on ${path}`, { cause })),
    );
    server.listen(path, resolve);
  });
  // Before this, what the umask leaves: nobody whom the folder keeps out.
  chmodSync(path, OWNER_AND_GROUP);
  return () => closeSync(lock);
}

/** Each folder on the way: none may be a link, or be another's. */
function requireOwnFolder(folder: string): void {
  for (let at = folder; ; at = dirname(at)) {
    const status = lstatSync(at, { throwIfNoEntry: false });
    if (!status) refuse(at, 'is not there');
    if (!status.isDirectory()) refuse(at, 'is no folder');
    if (status.uid !== ROOT && status.uid !== process.geteuid?.())
      refuse(at, `belongs to user ${status.uid}`);
    const isShared = (status.mode & WRITABLE_BY_OTHERS) !== 0;
    // In a sticky folder of root's, nobody moves what is another's.
    const isSafe = at !== folder && status.uid === ROOT && (status.mode & STICKY) !== 0;
    if (isShared && !isSafe) refuse(at, 'is writable by group or others');
    if (at === dirname(at)) return;
  }
}

function removeOld(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status) return;
  if (!status.isSocket()) throw new KeywardError('invalid_config', `${path} is there, and no socket`);
  rmSync(path);
}

function refuse(path: string, flaw: string): never {
  throw new KeywardError('invalid_config', `${path}, on the way to the socket, ${flaw}`);
}
