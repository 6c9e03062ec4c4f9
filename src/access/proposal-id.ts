import { randomBytes } from 'node:crypto';

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ten random bytes in Crockford's base 32: 16 letters that people can read to each other. */
export function newProposalId(): string {
  let bits = BigInt(`0x${randomBytes(10).toString('hex')}`);
  let id = '';
  for (let letter = 0; letter < 16; letter += 1) {
    id += LETTERS.charAt(Number(bits % 32n));
    bits /= 32n;
  }
  return id;
}
