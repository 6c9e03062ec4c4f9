import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/;

const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

/** The caller's `X-Request-Id` where it is fit for logs, else 16 random bytes as base64url. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && ACCEPTABLE.test(header) ? header : makeRequestId();
}

/** Random bytes are drawn for many ids at once: a draw costs more than all else here. */
function makeRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('base64url', used - ID_BYTES, used);
}
