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

describe('an answer to serve', () => {
  const takes = [{ kid: 'a' }, { kid: 'b' }];
  const proof = (kid: string) => ({ kid, found: true, proven: true, attributes: {}, unproven: [] });
  it.each([
    ['each key that was asked for', [proof('b'), proof('a')], true],
    ['one of them', [proof('a')], false],
    ['one of them twice', [proof('a'), proof('a')], false],
    ['another token’s key', [proof('a'), proof('c')], false],
    ['another token’s key too', [proof('a'), proof('b'), proof('c')], false],
    ['no verdict', [proof('a'), { kid: 'b', found: true }], false],
    ['no list', {}, false],
  ])('about %s: %s', (_name, gives, expected) => {
    expect(WELL_FORMED.serve(gives, takes)).toBe(expected);
  });
});

describe('a log line', () => {
  it.each([
    [{ log: 'info', message: 'm', details: {} }, true],
    [{ log: 'info', message: 'm' }, false],
    [{ log: 'child', message: 'm', details: {} }, false],
    [{ log: 'nosuch', message: 'm', details: {} }, false],
    [{ log: 'info', message: 'm'.repeat(10_001), details: {} }, false],
  ])('%#: %j', (line, expected) => {
    expect(isLogLine(line)).toBe(expected);
  });
});
