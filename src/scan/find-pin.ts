import { usageFailure } from '../cli/failure.ts';
import { KeywardError } from '../kernel/errors.ts';
import { readPinFile } from '../signer/pin-file.ts';
import { type ExactPin, exactPin } from './recognise-pin.ts';

/** The shortest that PKCS#11 tokens commonly take. Anything shorter would be found everywhere. */
const LEAST_BYTES = 4;

/** The PINs to scan for, each once. A usage failure where a file fails the signer's checks, or its PIN is too short. */
export function pinsToFind(files: readonly string[]): ExactPin[] {
  const filesOf = new Map<string, string[]>();
  for (const file of new Set(files)) {
    const pin = readPin(file).toString('latin1');
    filesOf.set(pin, [...(filesOf.get(pin) ?? []), file]);
  }
  return Array.from(filesOf, ([pin, same]) => exactPin(Buffer.from(pin, 'latin1'), same.join(', ')));
}

function readPin(file: string): Buffer {
  try {
    const { pin } = readPinFile(file);
    if (pin.length >= LEAST_BYTES) return pin;
  } catch (error) {
    if (error instanceof KeywardError) throw usageFailure(error.message);
    throw error;
  }
  throw usageFailure(
    `the PIN in ${file} has fewer than ${LEAST_BYTES} bytes, so a scan would find it by chance in many files`,
  );
}
