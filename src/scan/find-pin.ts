import { usageFailure } from '../cli/failure.ts';
import { KeywardError } from '../kernel/errors.ts';
import { readPinFile } from '../signer/pin-file.ts';
import { type ExactPin, exactPin } from './recognise-pin.ts';

/** Six digits come up by chance once in a megabyte of random digits; fewer would be found everywhere. */
const LEAST_BYTES = 6;

/** The PIN to scan for. A usage failure unless its file passes the signer's checks and the PIN is long enough. */
export function pinToFind(file: string): ExactPin {
  const pin = readPin(file);
  if (pin.length < LEAST_BYTES) {
    throw usageFailure(
      `the PIN in ${file} has fewer than ${LEAST_BYTES} bytes, so a scan would find it by chance in many files`,
    );
  }
  return exactPin(pin);
}

function readPin(file: string): Buffer {
  try {
    return readPinFile(file).pin;
  } catch (error) {
    if (error instanceof KeywardError) throw usageFailure(error.message);
    throw error;
  }
}
