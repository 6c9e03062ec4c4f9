import { expect, it } from 'vitest';
import { openState } from '../../../src/signer/state/signer-state.ts';
import { composeHeadStatement } from '../../../src/token/registry-statement.ts';
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
