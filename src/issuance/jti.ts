import { randomFillSync } from 'node:crypto';

const BYTES = 16;
const pool = Buffer.alloc(256 * BYTES);
let at = pool.length;

/** 128 bits of entropy (OWASP ASVS V9), drawn for 256 tokens at a time. */
export function newJti(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const from = at;
  at += BYTES;
  return pool.toString('base64url', from, at);
}
