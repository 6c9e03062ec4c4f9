import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { KeywardError } from '../kernel/errors.ts';
import type { PinLatch } from '../domain/pin-latch.ts';
import { writeDurably } from './durable-file.ts';
import { type LatchRecord, NO_RECORD, parseLatchRecord, type Success } from './latch-record.ts';
import { inPinTurn } from './pin-lock.ts';

const MAX_ATTEMPTS = 2;

/** An attempt that is on disk; exactly one of its ends follows, or none where the process dies. */
export interface Attempt {
  succeeded(): void;
  /** Latches until an operator removes the file. */
  rejected(ckr: number): void;
  /** It never reached the token: as if it had not begun. */
  withdrawn(): void;
}

/**
 * One PIN attempt, remembered across restarts (I9, decision 0002). The attempt is on disk when this returns;
 * `pin_latched` where there may be none, `hsm_unavailable` where the record cannot be read or written.
 */
export function beginPinAttempt(latchFile: string, identity: Success): Attempt {
  const before = read(latchFile);
  const write = (record: LatchRecord) => store(latchFile, record);
  write({ ...before, state: 'attempting', attempts: allowedAttempt(before, identity, latchFile) });
  return {
    succeeded: () => write({ ...NO_RECORD, lastSuccess: identity }),
    rejected: (ckr) => write({ ...before, state: 'rejected', ckr }),
    withdrawn: () => write(before),
  };
}

/** What stands in the file, for whoever decides whether the PIN may be tried again. */
export function readLatch(latchFile: string): PinLatch {
  try {
    const { state, attempts } = read(latchFile);
    return { state, attempts };
  } catch (error) {
    if (error instanceof KeywardError) return { state: 'unreadable', attempts: 0 };
    throw error;
  }
}

/** As if no PIN had ever been tried: one attempt may be made. `hsm_unavailable` while one is under way. */
export function clearLatch(latchFile: string): void {
  inPinTurn(latchFile, () => store(latchFile, NO_RECORD));
}

/**
 * The number of the attempt that may be made now. An unknown fate allows one more only where that very PIN file
 * was right for that token before: a PIN that never worked is not tried twice.
 */
function allowedAttempt(before: LatchRecord, identity: Success, latchFile: string): number {
  if (before.state === 'clear') return 1;
  if (before.state === 'rejected') refuse('the HSM rejected the PIN', latchFile);
  if (before.attempts < MAX_ATTEMPTS && isDeepStrictEqual(before.lastSuccess, identity)) {
    return before.attempts + 1;
  }
  return refuse('the answer to the last PIN attempt is not known', latchFile);
}

function read(latchFile: string): LatchRecord {
  const text = textOf(latchFile);
  if (text === undefined) return NO_RECORD;
  return parseLatchRecord(text) ?? refuse('the record of the last PIN attempt cannot be read', latchFile);
}

function textOf(latchFile: string): string | undefined {
  try {
    return readFileSync(latchFile, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KeywardError('hsm_unavailable', `${latchFile} cannot be read, so no PIN is tried`, { cause });
  }
}

/** As with a record that cannot be read, there is no attempt; the disk may be well again later. */
function store(latchFile: string, record: LatchRecord): void {
  try {
    writeDurably(latchFile, `${JSON.stringify(record)}\n`);
  } catch (cause) {
    throw new KeywardError('hsm_unavailable', `${latchFile} cannot be written`, { cause });
  }
}

function refuse(why: string, latchFile: string): never {
  throw new KeywardError(
    'pin_latched',
    `${why}; no further attempt is made. Check the PIN file against the HSM, then: keyward hsm clear-latch; or, with the service stopped, remove ${latchFile}`,
  );
}
