import type { PinFileIdentity } from './pin-file.ts';

/** What the latch file says of the last PIN attempt. */
export interface LatchRecord {
  /** `clear`: its answer was good, or there was none. `attempting`: begun, and no answer known. */
  readonly state: 'clear' | 'attempting' | 'rejected';
  /** Attempts in a row whose answer is not known, the one under way included. */
  readonly attempts: number;
  /** The module's answer to the attempt that it rejected. */
  readonly ckr: number | null;
  readonly lastSuccess: Success | null;
}

export interface Success {
  readonly tokenSerial: string;
  readonly pinFile: PinFileIdentity;
}

export const NO_RECORD: LatchRecord = { state: 'clear', attempts: 0, ckr: null, lastSuccess: null };

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

type Members = Record<string, unknown>;

function isLatchRecord(value: unknown): value is LatchRecord {
  return (
    isObject(value) &&
    (value.state === 'clear' || value.state === 'attempting' || value.state === 'rejected') &&
    Number.isInteger(value.attempts) &&
    (value.ckr === null || Number.isInteger(value.ckr)) &&
    (value.lastSuccess === null || isSuccess(value.lastSuccess))
  );
}

function isSuccess(value: unknown): value is Success {
  return isObject(value) && typeof value.tokenSerial === 'string' && isIdentity(value.pinFile);
}

function isIdentity(value: unknown): value is PinFileIdentity {
  const names = ['inode', 'size', 'mtimeNs', 'ctimeNs'];
  return isObject(value) && names.every((name) => typeof value[name] === 'string');
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}
