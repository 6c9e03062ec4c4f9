/** All odd primes up to 167, as the published test of the weakness has them. */
const PRIMES = [
  ...[3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103],
  ...[107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167],
];
const GENERATOR = 65_537;

/** For each prime, the remainders that a product of the library's primes can leave: the powers of the generator. */
const REMAINDERS = PRIMES.map((prime) => ({ prime, reachable: powersModulo(prime) }));

/**
 * Whether an RSA modulus (big-endian) has the fingerprint of keys from Infineon's RSALib, which can be factored
 * (ROCA, CVE-2017-15361): modulo every small prime it is a power of 65537. A sound modulus has it by chance about
 * once in 2²⁷.
 */
export function hasRocaFingerprint(modulus: Uint8Array): boolean {
  return REMAINDERS.every(({ prime, reachable }) => reachable.has(remainder(modulus, prime)));
}

function powersModulo(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * (GENERATOR % prime)) % prime) powers.add(power);
  return powers;
}

function remainder(number: Uint8Array, divisor: number): number {
  let rest = 0;
  for (const byte of number) rest = (rest * 256 + byte) % divisor;
  return rest;
}
