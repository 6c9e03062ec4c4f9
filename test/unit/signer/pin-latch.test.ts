import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginPinAttempt, readLatch, type Success } from '../../../src/signer/pin-latch.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const PIN_FILE = { inode: '7', size: '9', mtimeNs: '100', ctimeNs: '100' };
const KNOWN: Success = { tokenSerial: 'a1', pinFile: PIN_FILE };
const PIN_INCORRECT = 0xa0;

let folder: ReturnType<typeof temporaryFolder>;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'pin-latch.json');
});

afterEach(() => folder.remove());

const begin = (success = KNOWN) => beginPinAttempt(file, success);
const onDisk = (): unknown => JSON.parse(readFileSync(file, 'utf8'));
const latched = (message: string) =>
  expect.objectContaining({
    code: 'pin_latched',
    message: `${message}; no further attempt is made. Check the PIN file against the HSM, then: keyward hsm clear-latch; or, with the service stopped, remove ${file}`,
  });
const unknown = () => latched('the answer to the last PIN attempt is not known');
const rejected = () => latched('the HSM rejected the PIN');

describe('I9: the record of the PIN attempt', () => {
  it('is on disk, for its owner alone, before the attempt can be made', () => {
    begin();
    expect(onDisk()).toEqual({ state: 'attempting', attempts: 1, ckr: null, lastSuccess: null });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is cleared by a success, and keeps what was right', () => {
    begin().succeeded();
    expect(onDisk()).toEqual({ state: 'clear', attempts: 0, ckr: null, lastSuccess: KNOWN });
    begin().succeeded();
  });

  it('latches after a rejection, also where the same file was right before', () => {
    begin().succeeded();
    begin().rejected(PIN_INCORRECT);
    expect(onDisk()).toEqual({
      state: 'rejected',
      attempts: 0,
      ckr: PIN_INCORRECT,
      lastSuccess: KNOWN,
    });
    expect(() => begin()).toThrow(rejected());
    expect(() => begin({ ...KNOWN, tokenSerial: 'b2' })).toThrow(rejected());
  });

  it('latches after one attempt of unknown fate where the PIN was never right', () => {
    begin();
    expect(() => begin()).toThrow(unknown());
    expect(() => begin()).toThrow(unknown());
  });

  it('allows one more after an unknown fate where that very file was right, and no third', () => {
    begin().succeeded();
    begin();
    begin();
    expect(onDisk()).toEqual({ state: 'attempting', attempts: 2, ckr: null, lastSuccess: KNOWN });
    expect(() => begin()).toThrow(unknown());
  });

  it('starts to count anew once the second one succeeded', () => {
    begin().succeeded();
    begin();
    begin().succeeded();
    begin();
    begin().succeeded();
  });

  it.each<[string, Success]>([
    ['another token', { ...KNOWN, tokenSerial: 'b2' }],
    ['a file put in its place', { ...KNOWN, pinFile: { ...PIN_FILE, inode: '8' } }],
    ['another length', { ...KNOWN, pinFile: { ...PIN_FILE, size: '10' } }],
    ['a file written since', { ...KNOWN, pinFile: { ...PIN_FILE, mtimeNs: '101' } }],
    ['a file touched and dated back', { ...KNOWN, pinFile: { ...PIN_FILE, ctimeNs: '101' } }],
  ])('allows none after an unknown fate with %s', (_, changed) => {
    begin().succeeded();
    begin();
    expect(() => begin(changed)).toThrow(unknown());
    begin();
  });

  it('forgets an attempt that never reached the token, and nothing before it', () => {
    begin().withdrawn();
    begin().succeeded();
    begin();
    begin().withdrawn();
    expect(onDisk()).toEqual({ state: 'attempting', attempts: 1, ckr: null, lastSuccess: KNOWN });
  });

  it.each([
    ['no JSON', '{"state":'],
    ['nothing', ''],
    ['another state', '{"state":"free","attempts":0,"ckr":null,"lastSuccess":null}'],
    ['half a success', '{"state":"clear","attempts":0,"ckr":null,"lastSuccess":{"tokenSerial":"a1"}}'],
  ])('allows none where it holds %s', (_, text) => {
    writeFileSync(file, text);
    expect(() => begin()).toThrow(latched('the record of the last PIN attempt cannot be read'));
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('allows none where it cannot be read now, which may pass', () => {
    mkdirSync(file);
    const refusal = { code: 'hsm_unavailable', message: `${file} cannot be read, so no PIN is tried` };
    expect(() => begin()).toThrow(expect.objectContaining(refusal));
    expect(readLatch(file)).toEqual({ state: 'unreadable', attempts: 0 });
    rmdirSync(file);
    begin().succeeded();
  });

  it('allows none where it cannot be written', () => {
    const nowhere = join(folder.path, 'missing', 'pin-latch.json');
    expect(() => beginPinAttempt(nowhere, KNOWN)).toThrow(
      expect.objectContaining({ code: 'hsm_unavailable', message: `${nowhere} cannot be written` }),
    );
  });
});
