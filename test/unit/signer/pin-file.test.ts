import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPinFile } from '../../../src/signer/pin-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'pin');
});

afterEach(() => folder.remove());

function write(text: string, mode = 0o600): void {
  writeFileSync(file, text);
  chmodSync(file, mode);
}

const refused = (flaw: string) =>
  expect.objectContaining({ code: 'invalid_config', message: `the PIN file ${file} ${flaw}` });

describe('the PIN file', () => {
  it.each([
    ['1234', '1234'],
    ['1234\n', '1234'],
    ['1234\r\n', '1234'],
    ['12 34 ', '12 34 '],
    ['1234\n\n', '1234\n'],
  ])('%j is the PIN %j', (text, pin) => {
    write(text);
    expect(readPinFile(file).pin.toString()).toBe(pin);
  });

  it('is known again by what it is, not by what it holds', () => {
    write('1234\n');
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    expect(readPinFile(file).identity).toEqual({
      inode: `${ino}`,
      size: `${size}`,
      mtimeNs: `${mtimeNs}`,
      ctimeNs: `${ctimeNs}`,
    });
  });

  it.each([0o640, 0o604, 0o660, 0o601])('is refused with mode %o', (mode) => {
    write('1234', mode);
    expect(() => readPinFile(file)).toThrow(refused('is open to group or others: chmod 600 it'));
  });

  it('is taken with mode 400', () => {
    write('1234', 0o400);
    expect(readPinFile(file).pin.toString()).toBe('1234');
  });

  it.each([
    ['', 'must hold 1 to 256 bytes'],
    ['\n', 'is empty'],
    ['x'.repeat(257), 'must hold 1 to 256 bytes'],
  ])('is refused where it holds %j', (text, flaw) => {
    write(text);
    expect(() => readPinFile(file)).toThrow(refused(flaw));
  });

  it('is refused where it is a folder, or not there', () => {
    expect(() => readPinFile(file)).toThrow(refused('cannot be opened'));
    mkdirSync(file, { mode: 0o700 });
    expect(() => readPinFile(file)).toThrow(refused('is not a regular file'));
  });
});
