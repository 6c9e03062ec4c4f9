import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { certificatesIn } from '../lib/certificates.ts';
import { isObject } from '../lib/json.ts';
import { errorMessage } from '../lib/text.ts';
import { type CommandFailure, usageFailure } from './failure.ts';

const MOST_BYTES = 1024 ** 2;

/** Text of a file that somebody named. A usage failure for a folder, for more than `mostBytes` and for no UTF-8. */
export function readInput(file: string, mostBytes = MOST_BYTES): string {
  try {
    const bytes = readUpTo(file, mostBytes + 1);
    if (bytes.length > mostBytes) throw usageFailure(`${file} is larger than ${mostBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw usageFailure(`${file} is not UTF-8`);
    throw unreadable(file, error);
  }
}

/** The same, of a file that must hold one JSON object; `holds` says what is expected of it. */
export function readJsonInput(file: string, holds: string): Readonly<Record<string, unknown>> {
  const text = readInput(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageFailure(`${file} holds no JSON; it must be ${holds}`);
  }
  if (isObject(value)) return value;
  throw usageFailure(`${file} holds no JSON object; it must be ${holds}`);
}

/** PEM of the CAs in a file that somebody named. A usage failure says at which line it is none. */
export function readAuthorities(file: string): string {
  const pem = readInput(file);
  try {
    certificatesIn(pem, file);
    return pem;
  } catch (error) {
    throw usageFailure(errorMessage(error));
  }
}

/** A usage failure unless it is a file or a pipe that can be read: for what is too long to be read at once. */
export function requireInput(file: string): void {
  try {
    const status = statSync(file);
    if (status.isDirectory()) throw usageFailure(`${file} cannot be read (it is a folder)`);
    if (!status.isFile() && !status.isFIFO()) throw usageFailure(`${file} cannot be read (it is no file)`);
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** At most so many bytes of a file, or of standard input by its descriptor. */
export function readUpTo(file: string | 0, mostBytes: number): Buffer {
  const buffer = Buffer.alloc(mostBytes);
  const descriptor = file === 0 ? 0 : openSync(file, 'r');
  try {
    let filled = 0;
    while (filled < buffer.length) {
      const read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
      if (read === 0) break;
      filled += read;
    }
    return buffer.subarray(0, filled);
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

function unreadable(file: string, error: unknown): CommandFailure | Error {
  const { code } = error as NodeJS.ErrnoException;
  // Of its own kind already, or no failure of the file.
  if (!(error instanceof Error) || code === undefined || code === 'usage') return error as Error;
  return usageFailure(`${file} cannot be read (${code === 'EISDIR' ? 'it is a folder' : code})`);
}
