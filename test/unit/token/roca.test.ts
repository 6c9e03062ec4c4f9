import { checkPrimeSync, generateKeyPairSync, randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { readPublicJwk } from '../../../src/token/public-jwk.ts';
import { hasRocaFingerprint } from '../../../src/token/weak-keys.ts';

/** The product of the first 126 primes, from which the weak library makes primes for 2048 bits. */
function primorial(): bigint {
  let product = 1n;
  for (let candidate = 2, found = 0; found < 126; candidate += 1) {
    if (!checkPrimeSync(BigInt(candidate))) continue;
    product *= BigInt(candidate);
    found += 1;
  }
  return product;
}

function power(base: bigint, exponent: number, modulus: bigint): bigint {
  let result = 1n;
  for (let left = exponent, square = base % modulus; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** A prime of 1024 bits as the weak library makes them: k·M + 65537^a mod M. */
function weakPrime(product: bigint): bigint {
  const top = (3n << 1022n) / product;
  for (;;) {
    const start = power(65_537n, randomInt(1, 2 ** 40), product);
    const prime = (top + BigInt(randomInt(1, 2 ** 40))) * product + start;
    if (checkPrimeSync(prime, { checks: 5 })) return prime;
  }
}

test('an RSA key of the weak library is refused, one of OpenSSL is not', () => {
  const product = primorial();
  const modulus = Buffer.from(
    (weakPrime(product) * weakPrime(product)).toString(16).padStart(512, '0'),
    'hex',
  );
  expect(modulus).toHaveLength(256);
  expect(hasRocaFingerprint(modulus)).toBe(true);
  expect(() => readPublicJwk({ kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' })).toThrow(
    'the public key has a modulus that is easy to factor (CVE-2017-15361)',
  );
  const sound = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  expect(readPublicJwk(sound)).toEqual(sound);
});
