import type { ArchiveCalls, ArchiveSettings } from './archive-protocol.ts';
import { CallLink } from './call-link.ts';
import type { ThreadEntry } from './engine.ts';
import { toKeywardError } from './failure.ts';
import { BoundedMutex } from './signed/bounded-mutex.ts';

/** A segment takes seconds. */
const DEADLINE_MS = 600_000;

/** Writes segments in a thread of its own, which starts with the first. */
export class ArchiveThread {
  readonly #link: CallLink<ArchiveCalls>;
  readonly #turns = new BoundedMutex();

  constructor({ entry, settings: own }: ThreadEntry, settings: ArchiveSettings) {
    this.#link = new CallLink({ entry, settings: { ...own, ...settings }, deadlineMs: DEADLINE_MS });
  }

  /** One after another: what is erased must not be copied into a segment meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.runExclusive(work);
  }

  async call<K extends keyof ArchiveCalls>(
    call: K,
    asks: ArchiveCalls[K]['asks'],
  ): Promise<ArchiveCalls[K]['answers']> {
    try {
      return await this.#link.thread().call(call, asks);
    } catch (error) {
      throw toKeywardError(error);
    }
  }

  async close(): Promise<void> {
    await this.#link.stop();
  }
}
