import type { LedgerReading } from './open-ledger.ts';
import { ReadThread, type ReadThreadOptions } from './read-thread.ts';

const LOOKING_UP: ReadThreadOptions = { deadlineMs: 5_000, cacheKib: 32 * 1024 };

/** Each kind of question has a thread of its own and waits for no other kind. A thread starts with its first question. */
export function openLedgerThreads(reading: LedgerReading) {
  const opened = (options: ReadThreadOptions) => new ReadThread(reading, options);
  const waiting = {
    most: 4,
    tooMany: 'Too many of these are being counted; ask again shortly.',
    retryAfterSeconds: 5,
  };
  return {
    /** Somebody waits for a verdict. */
    lookups: opened(LOOKING_UP),
    /** Many at once: sightings and leak reports. */
    bulkLookups: opened(LOOKING_UP),
    search: opened({
      deadlineMs: 30_000,
      waiting: { most: 32, tooMany: 'Too many look-ups wait; try again shortly.', retryAfterSeconds: 1 },
    }),
    /** After a compromise: it never waits for other counts. */
    keyUse: opened({ deadlineMs: 60_000, waiting }),
    issued: opened({ deadlineMs: 30_000, waiting }),
    issuedHours: opened({ deadlineMs: 60_000, waiting }),
    /** A step takes a few hundredths of a second on a machine that has nothing else to do. */
    walks: opened({ deadlineMs: 60_000, waiting, givesWay: true }),
  };
}
