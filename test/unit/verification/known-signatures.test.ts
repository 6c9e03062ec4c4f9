import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { verifySignature } from '../../../src/token/signature.ts';
import { rememberRight } from '../../../src/verification/known-signatures.ts';

const pair = () => generateKeyPairSync('ed25519');
const signedBy = (key: KeyObject, text: string) => sign(null, Buffer.from(text), key);

function counted() {
  const check = vi.fn(verifySignature);
  return { check, remembering: rememberRight(check) };
}

it('a right signature is checked once', async () => {
  const { publicKey, privateKey } = pair();
  const { check, remembering } = counted();
  const signature = signedBy(privateKey, 'a.b');
  for (let time = 0; time < 3; time++) {
    expect(await remembering('Ed25519', publicKey, 'a.b', signature)).toBe(true);
  }
  expect(check).toHaveBeenCalledTimes(1);
});

it('a wrong one is checked each time, after a right one of the same text too', async () => {
  const { publicKey, privateKey } = pair();
  const { check, remembering } = counted();
  await remembering('Ed25519', publicKey, 'a.b', signedBy(privateKey, 'a.b'));
  const wrong = signedBy(privateKey, 'a.c');
  expect(await remembering('Ed25519', publicKey, 'a.b', wrong)).toBe(false);
  expect(await remembering('Ed25519', publicKey, 'a.b', wrong)).toBe(false);
  expect(check).toHaveBeenCalledTimes(3);
});

it.each([
  ['another text', { text: 'a.c' }],
  ['a shorter signature', { cut: 1 }],
])('%s is no repetition', async (_, { text = 'a.b', cut = 0 }: { text?: string; cut?: number }) => {
  const { publicKey, privateKey } = pair();
  const { remembering } = counted();
  const signature = signedBy(privateKey, 'a.b');
  await remembering('Ed25519', publicKey, 'a.b', signature);
  expect(await remembering('Ed25519', publicKey, text, signature.subarray(cut))).toBe(false);
});

it('a key answers for itself alone', async () => {
  const [one, other] = [pair(), pair()];
  const { remembering } = counted();
  const signature = signedBy(one.privateKey, 'a.b');
  expect(await remembering('Ed25519', one.publicKey, 'a.b', signature)).toBe(true);
  expect(await remembering('Ed25519', other.publicKey, 'a.b', signature)).toBe(false);
  expect(await remembering('Ed25519', one.publicKey, 'a.b', signature)).toBe(true);
});

it('the last ten thousand are remembered', async () => {
  const { publicKey } = pair();
  const check = vi.fn(async () => true);
  const remembering = rememberRight(check);
  const show = (number: number) => remembering('Ed25519', publicKey, `a.${number}`, Buffer.alloc(64));
  for (let number = 0; number < 10_001; number++) await show(number);
  await show(10_000);
  expect(check).toHaveBeenCalledTimes(10_001);
  await show(0);
  expect(check).toHaveBeenCalledTimes(10_002);
});
