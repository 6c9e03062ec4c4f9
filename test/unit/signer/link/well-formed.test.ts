import { describe, expect, it } from 'vitest';
import { isLogLine, isReply, WELL_FORMED } from '../../../../src/signer/link/messages.ts';

describe('a reply', () => {
  it.each([
    [{ id: 1, gives: null }, true],
    [{ id: 1, failure: { code: 'hsm_refused', message: 'no' } }, true],
    [{ id: 1, failure: { code: 'made_up', message: 'no' } }, false],
    [{ id: 1, failure: { code: 'hsm_refused' } }, false],
    [{ id: 1 }, false],
    [{ id: '1', gives: null }, false],
    [null, false],
    ['text', false],
  ])('%j: %s', (message, expected) => {
    expect(isReply(message)).toBe(expected);
  });
});

describe('an answer to sign', () => {
  const takes = [['kid', 'input']];
  it.each([
    [[new Uint8Array(64)], true],
    [[{ code: 'binding_refused', message: 'no' }], true],
    [[], false],
    [[new Uint8Array(64), new Uint8Array(64)], false],
    [['bytes'], false],
    [[undefined], false],
    [{ 0: new Uint8Array(64) }, false],
  ])('%j: %s', (gives, expected) => {
    expect(WELL_FORMED.sign(gives, takes)).toBe(expected);
  });
});

it('a log line has a level, a message and details', () => {
  expect(isLogLine({ log: 'info', message: 'm', details: {} })).toBe(true);
  expect(isLogLine({ log: 'info', message: 'm' })).toBe(false);
});
