import { afterEach, describe, expect, it } from 'vitest';
import { ALGORITHM_NAMES } from '../../../src/domain/algorithm.ts';
import { createSignatureChecker, type SignatureChecker } from '../../../src/issuance/signature-checker.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const keys = ALGORITHM_NAMES.map((algorithm) => {
  const pair = softwareKey(algorithm);
  const key = aSigningKey(aScope({ id: algorithm.toLowerCase(), algorithm }), pair, {
    signFrom: 0,
    signUntil: 9,
  });
  const token = (signingInput: string) => `${signingInput}.${pair.sign(signingInput).toString('base64url')}`;
  return { key, token };
});

let checker: SignatureChecker;
afterEach(() => checker.close());

describe('the signature checker (I6)', () => {
  it('tells, of every token in one turn, whether its signature is that key’s', async () => {
    checker = createSignatureChecker();
    const verdicts = await Promise.all(
      keys.map(({ key }) => Promise.all(keys.map(({ token }) => checker.check(key, token('a.b'))))),
    );
    expect(verdicts).toStrictEqual(keys.map((row) => keys.map((column) => row === column)));
  });

  it.each([
    ['another signing input', (token: string) => token.replace('a.b', 'a.c')],
    ['no signature', () => 'a.b.'],
    ['no dots', () => 'ab'],
    ['a signature cut short', (token: string) => token.slice(0, -8)],
  ])('finds %s wrong', async (_name, alter) => {
    checker = createSignatureChecker();
    for (const { key, token } of keys) {
      expect(await checker.check(key, token('a.b'))).toBe(true);
      expect(await checker.check(key, alter(token('a.b')))).toBe(false);
    }
  });

  it('says that it cannot tell when its thread is lost, and goes on with another', async () => {
    checker = createSignatureChecker();
    const [first] = keys;
    if (!first) throw new Error('there are no algorithms');
    const { key, token } = first;
    const presented = token('a.b');
    await checker.check(key, presented);
    // Far more than the thread can check before it is ended.
    const lost = Array.from({ length: 5_000 }, () => checker.check(key, presented));
    const outcomes = Promise.allSettled(lost);
    await new Promise(setImmediate);
    await checker.close();
    const last = (await outcomes).at(-1);
    expect(last).toMatchObject({ status: 'rejected', reason: { code: 'overloaded' } });
    expect(await checker.check(key, presented)).toBe(true);
  });
});
