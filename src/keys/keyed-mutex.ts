import { Mutex } from '../lib/mutex.ts';

/** One mutex for each HSM token: a token that hangs delays only the work that concerns it. */
export class KeyedMutex {
  readonly #mutexes = new Map<string, Mutex>();

  of(hsmToken: string): Mutex {
    const known = this.#mutexes.get(hsmToken);
    if (known) return known;
    const mutex = new Mutex();
    this.#mutexes.set(hsmToken, mutex);
    return mutex;
  }
}
