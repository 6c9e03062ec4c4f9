import type { KeyObject } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createSignatureChecker, type SignatureChecker } from '../../../src/issuance/signature-checker.ts';
import { ALGORITHM_NAMES } from '../../../src/kernel/algorithm.ts';
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
    const { key, token } = keys.find((each) => each.key.binding.algorithm === 'RS256') ?? fail();
    const presented = token('a.b');
    await checker.check(key, presented);
    // No key at all, of an algorithm that looks at none before OpenSSL does: the thread does not survive it.
    const broken = { ...key, kid: 'broken', publicKey: {} as KeyObject };
    const [lost, beside] = await Promise.allSettled([
      checker.check(broken, presented),
      checker.check(key, presented),
    ]);
    expect([lost, beside]).toMatchObject(
      Array(2).fill({ status: 'rejected', reason: { code: 'overloaded' } }),
    );
    expect(await checker.check(key, presented)).toBe(true);
  });

  it('starts no other thread once it is closed', async () => {
    checker = createSignatureChecker();
    const [{ key, token } = fail()] = keys;
    const underWay = Array.from({ length: 5_000 }, () => checker.check(key, token('a.b')));
    const outcomes = Promise.allSettled(underWay);
    await new Promise(setImmediate);
    await checker.close();
    expect((await outcomes).at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'overloaded' } });
    await expect(checker.check(key, token('a.b'))).rejects.toMatchObject({ code: 'shutting_down' });
  });
});

function fail(): never {
  throw new Error('there are no algorithms');
}
