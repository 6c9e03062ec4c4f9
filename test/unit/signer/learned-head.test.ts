import { expect, it, onTestFinished, vi } from 'vitest';
import { openState } from '../../../src/signer/state/signer-state.ts';
import { StateFile } from '../../../src/signer/state/state-file.ts';
import { checkpointDigest, composeCheckpoint } from '../../../src/token/checkpoint.ts';
import { composeHeadStatement } from '../../../src/token/registry-statement.ts';
import { CHECKPOINT } from '../../support/checkpoint-samples.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { softwareKey } from '../../support/software-keys.ts';

const KEY = softwareKey('ES256');

function head(version: number): string {
  const input = composeHeadStatement({ version, previous: '', buckets: '' } as never, KEY.kid);
  return `${input}.${KEY.sign(input).toString('base64url')}`;
}

function state() {
  const folder = folderOfTest();
  return () => openState({ stateDir: folder, tokenSerial: '1' }).sealed;
}

const NOT_NEXT = 'does not follow that of the last head';

it('lets versions be left out behind a head that was learned, also after a restart, once', () => {
  const open = state();
  const sealed = open();
  expect(sealed.learn('head', head(7))).toBe(true);
  for (const each of [sealed, open()]) {
    for (const version of [8, 12]) each.requireNextVersion({ version });
    for (const version of [6, 7]) expect(() => each.requireNextVersion({ version })).toThrow(NOT_NEXT);
  }
  sealed.keep('head', head(12));
  expect(() => sealed.requireNextVersion({ version: 14 })).toThrow(NOT_NEXT);
  sealed.requireNextVersion({ version: 13 });
});

it('leaves no version out behind a head of its own, and learns nothing older', () => {
  const sealed = state()();
  sealed.requireNextVersion({ version: 1 });
  const own = head(3);
  sealed.keep('head', own);
  expect(sealed.learn('head', head(3))).toBe(false);
  expect(() => sealed.requireNextVersion({ version: 5 })).toThrow(NOT_NEXT);
  expect(sealed.last()).toEqual({ checkpoint: null, head: own });
});

it('lets the version behind a learned head be a million further on, and no more', () => {
  const sealed = state()();
  sealed.learn('head', head(7));
  sealed.requireNextVersion({ version: 1_000_007 });
  for (const version of [1_000_008, Number.MAX_SAFE_INTEGER]) {
    expect(() => sealed.requireNextVersion({ version })).toThrow(NOT_NEXT);
  }
});

it('writes a learned head once, with what it is: a crash leaves no head that passes for its own', () => {
  const change = vi.spyOn(StateFile.prototype, 'change');
  onTestFinished(() => change.mockRestore());
  const open = state();
  open().learn('head', head(7));
  expect(change).toHaveBeenCalledOnce();
  open().requireNextVersion({ version: 12 });
});

it('goes on behind the checkpoint of another signer that was committed in the place of its own', () => {
  const sealed = state()();
  const input = (number: number, time: number) => composeCheckpoint({ ...CHECKPOINT, number, time }, KEY.kid);
  const signed = (text: string) => `${text}.${KEY.sign(text).toString('base64url')}`;
  const next = (jws: string) => ({
    number: 8,
    previous: checkpointDigest(jws).toString('base64url'),
  });
  const own = signed(input(7, 100));
  sealed.keep('checkpoint', own);
  // The same once more, under another signature.
  expect(sealed.learn('checkpoint', signed(input(7, 100)))).toBe(false);
  expect(sealed.learn('checkpoint', signed(input(6, 101)))).toBe(false);
  sealed.requireNextCheckpoint(next(own));
  const others = signed(input(7, 101));
  expect(sealed.learn('checkpoint', others)).toBe(true);
  sealed.requireNextCheckpoint(next(others));
  expect(() => sealed.requireNextCheckpoint(next(own))).toThrow('is not the digest of the last checkpoint');
  expect(() => sealed.requireNextCheckpoint({ ...next(others), number: 7 })).toThrow('does not follow');
});

it('remembers that its head was learned while checkpoints are kept, and learned', () => {
  const sealed = state()();
  sealed.learn('head', head(7));
  const checkpoint = (number: number) => {
    const input = composeCheckpoint({ ...CHECKPOINT, number }, KEY.kid);
    return `${input}.${KEY.sign(input).toString('base64url')}`;
  };
  sealed.keep('checkpoint', checkpoint(1));
  sealed.requireNextVersion({ version: 12 });
  expect(sealed.learn('checkpoint', checkpoint(2))).toBe(true);
  sealed.requireNextVersion({ version: 12 });
});
