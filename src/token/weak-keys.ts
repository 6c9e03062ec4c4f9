const P = 2n ** 255n - 19n;
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;

/** y of the points of small order: as a public key each lets a signature fit more than one message. */
const SMALL_ORDER = new Set([
  0n,
  1n,
  P - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/** Whether 32 bytes are a canonical point of the curve, of other than small order (RFC 8032 §5.1.3); jose takes any. */
export function isEd25519Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  if (y >= P || SMALL_ORDER.has(y)) return false;
  // x² = (y² - 1) / (d·y² + 1); a quotient is a square exactly where the product is.
  const square = (y * y) % P;
  return isSquare(((square - 1n) * (D * square + 1n)) % P);
}

function isSquare(number: bigint): boolean {
  return power(number, (P - 1n) / 2n) === 1n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let factor = base, rest = exponent; rest > 0n; rest >>= 1n, factor = (factor * factor) % P) {
    if (rest & 1n) result = (result * factor) % P;
  }
  return result;
}

const SMALL_PRIMES = oddPrimesUpTo(1_000).map(BigInt);

/** Whether an odd RSA modulus (big-endian) has a factor below 1000, as no product of two large primes has. */
export function hasSmallFactor(modulus: Uint8Array): boolean {
  const number = BigInt(`0x${Buffer.from(modulus).toString('hex')}`);
  return SMALL_PRIMES.some((prime) => number % prime === 0n);
}

/** As the published test of the weakness has them. */
const ROCA_PRIMES = oddPrimesUpTo(167);
const GENERATOR = 65_537;

/** For each prime, the remainders that a product of the library's primes can leave: the powers of the generator. */
const REMAINDERS = ROCA_PRIMES.map((prime) => ({ prime, reachable: powersModulo(prime) }));

/**
 * Whether an RSA modulus (big-endian) has the fingerprint of keys from Infineon's RSALib, which can be factored
 * (ROCA, CVE-2017-15361): modulo every small prime it is a power of 65537. A sound modulus has it by chance about
 * once in 2²⁷. jose does not look for it.
 */
export function hasRocaFingerprint(modulus: Uint8Array): boolean {
  return REMAINDERS.every(({ prime, reachable }) => reachable.has(remainder(modulus, prime)));
}

function powersModulo(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * (GENERATOR % prime)) % prime) powers.add(power);
  return powers;
}

function oddPrimesUpTo(most: number): readonly number[] {
  const primes: number[] = [];
  for (let candidate = 3; candidate <= most; candidate += 2) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

function remainder(number: Uint8Array, divisor: number): number {
  let rest = 0;
  for (const byte of number) rest = (rest * 256 + byte) % divisor;
  return rest;
}
