import { constants, type FileHandle, open } from 'node:fs/promises';
import { isIP, type LookupFunction } from 'node:net';
import { withoutBrackets } from '../lib/address.ts';
import { guardedLookup, isForbiddenAddress } from '../lib/address-guard.ts';
import { exposureOf } from '../lib/secret-file.ts';
import type { NotificationMessage } from './message.ts';
import type { TargetSettings } from './target-settings.ts';

/** Where messages go. */
export interface NotificationTarget {
  readonly name: string;
  readonly type: TargetSettings['type'];
  /**
   * Settles once the target has it, as far as it can tell, with what is to be known all the same. `to`: e-mail addresses instead of the target's own
   * recipients. What it rejects with names neither secrets nor bodies; `signal` ends what hangs.
   */
  send(
    message: NotificationMessage,
    to: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** Lets go of what it holds open. */
  close(): void;
}

/** That somebody among the recipients is refused, while the target itself is well. */
export class RecipientRefused extends Error {
  override readonly name = 'RecipientRefused';
}

/** That the target asks to be tried later, and no sooner. */
export class TryLater extends Error {
  override readonly name = 'TryLater';
  readonly afterSeconds: number;

  constructor(message: string, afterSeconds: number) {
    super(message);
    this.afterSeconds = afterSeconds;
  }
}

const isInternal = (address: string) => isForbiddenAddress(address, 'public-host');

class InternalAddress extends Error {
  override readonly name = 'InternalAddress';

  constructor(host: string) {
    super(`${host} is at a loopback, private or reserved address; allow_private lets a target be there`);
  }
}

interface Place {
  readonly host: string;
  readonly allow_private: boolean;
}

/** What to connect with; throws where the host is an internal address itself, and the target may not be there. */
export function lookupFor({ host, allow_private }: Place): { readonly lookup?: LookupFunction } {
  if (allow_private) return {};
  const bare = withoutBrackets(host);
  if (isIP(bare) !== 0 && isInternal(bare)) throw new InternalAddress(host);
  return { lookup: guardedLookup(isInternal, (name) => new InternalAddress(name)) };
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
