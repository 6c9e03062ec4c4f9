import { closeSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { KeywardError } from '../kernel/errors.ts';
import type { PinLatch, PinPermission, PinState, PinTerms } from '../kernel/signer.ts';
import { writeDurably } from '../lib/durable-file.ts';
import { isObject } from '../lib/json.ts';
import { lockFile } from './lock-file.ts';
import { type PinFileIdentity, pinFileIdentity } from './pin-file.ts';
import type { SignerSettings } from './settings.ts';

/** What the latch file says of the last PIN attempt. */
interface LatchRecord {
  /** `clear`: its answer was good, or there was none. `attempting`: begun, and no answer known. */
  readonly state: 'clear' | 'attempting' | 'rejected';
  /** Attempts in a row whose answer is not known, the one under way included. */
  readonly attempts: number;
  /** The module's answer to the attempt that it rejected. */
  readonly ckr: number | null;
  readonly lastSuccess: Success | null;
  /** Of the last attempt that reached the token, if it had one. */
  readonly permit?: PinPermission;
}

export interface Success {
  readonly tokenSerial: string;
  readonly pinFile: PinFileIdentity;
}

const NO_RECORD: LatchRecord = { state: 'clear', attempts: 0, ckr: null, lastSuccess: null };

/** Undefined where it is anything but a record: what cannot be read must not allow an attempt. */
export function parseLatchRecord(text: string): LatchRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isLatchRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isLatchRecord(value: unknown): value is LatchRecord {
  return (
    isObject(value) &&
    (value.state === 'clear' || value.state === 'attempting' || value.state === 'rejected') &&
    Number.isInteger(value.attempts) &&
    (value.ckr === null || Number.isInteger(value.ckr)) &&
    (value.lastSuccess === null || isSuccess(value.lastSuccess)) &&
    (value.permit === undefined || isPermission(value.permit))
  );
}

function isSuccess(value: unknown): value is Success {
  return isObject(value) && typeof value.tokenSerial === 'string' && isIdentity(value.pinFile);
}

function isPermission(value: unknown): value is PinPermission {
  return isObject(value) && typeof value.id === 'string' && Number.isSafeInteger(value.after);
}

function isIdentity(value: unknown): value is PinFileIdentity {
  const names = ['inode', 'size', 'mtimeNs', 'ctimeNs'];
  return isObject(value) && names.every((name) => typeof value[name] === 'string');
}

/**
 * One attempt at a time, in whichever processes: two that read the latch side by side would each try the PIN
 * (I9). `hsm_unavailable` where another one is still at it.
 */
export function inPinTurn<T>(latchFile: string, attempt: () => T): T {
  const file = lockFile(`${latchFile}.lock`, 'login');
  try {
    return attempt();
  } finally {
    closeSync(file);
  }
}

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
export function beginPinAttempt(latchFile: string, identity: Success, terms?: PinTerms): Attempt {
  const before = read(latchFile);
  const write = (record: LatchRecord) => store(latchFile, record);
  const attempts = allowedAttempt(before, identity, latchFile);
  if (terms?.onlyAccepted && !isDeepStrictEqual(before.lastSuccess, identity)) {
    refuse('another host had its PIN rejected or got no answer, and this PIN was never accepted', latchFile);
  }
  const permit = terms ? { permit: terms.permit } : {};
  write({ ...before, ...permit, state: 'attempting', attempts });
  return {
    succeeded: () => write({ ...NO_RECORD, ...permit, lastSuccess: identity }),
    rejected: (ckr) => write({ ...before, ...permit, state: 'rejected', ckr }),
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

/** The same with what the PIN file tells without being read. */
export function readPinState({
  latchFile,
  pinFile,
  tokenSerial,
}: Pick<SignerSettings, 'latchFile' | 'pinFile' | 'tokenSerial'>): PinState {
  try {
    const { state, attempts, lastSuccess, permit = null } = read(latchFile);
    const isAccepted =
      lastSuccess?.tokenSerial === tokenSerial && isDeepStrictEqual(lastSuccess.pinFile, identityOf(pinFile));
    return { state, attempts, isAccepted, permit };
  } catch (error) {
    if (error instanceof KeywardError) {
      return { state: 'unreadable', attempts: 0, isAccepted: false, permit: null };
    }
    throw error;
  }
}

function identityOf(pinFile: string): PinFileIdentity | undefined {
  try {
    return pinFileIdentity(pinFile);
  } catch (error) {
    // Whoever tries the PIN says what is wrong with its file.
    if (error instanceof KeywardError) return undefined;
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
