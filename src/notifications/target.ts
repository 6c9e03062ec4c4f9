import { isIP, type LookupFunction } from 'node:net';
import { withoutBrackets } from '../lib/address.ts';
import { guardedLookup, isForbiddenAddress } from '../lib/address-guard.ts';
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
