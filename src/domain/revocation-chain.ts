import { createHash } from 'node:crypto';
import type { ChainHead } from '../kernel/audit-chain.ts';

/** A revocation as it is stored, but for its hash. */
export interface ChainedRevocation {
  readonly sequence: number;
  readonly createdAt: number;
  readonly scopeId: string | null;
  readonly jti: string | null;
  /** `commitmentTo('root', …)` of the ledger: the root event is a personal value, and erasable. */
  readonly rootCommitment: Uint8Array;
  readonly clientId: string | null;
  readonly issuedFrom: number | null;
  readonly issuedUntil: number | null;
  readonly lapsesAt: number | null;
  readonly revokedBy: string;
  readonly reason: string;
}

/** Before the first revocation. */
export const REVOCATION_GENESIS: ChainHead = { sequence: 0, hash: new Uint8Array(32) };

const TAG = Buffer.from('keyward-revocation-v1');
const ABSENT = Buffer.alloc(0);
const PRESENT = Buffer.of(1);

/**
 * SHA-256 over the tag, the hash before and every field, each with its length; what is absent has none, what is
 * there begins with a 1.
 */
export function revocationHash(previous: Uint8Array, of: ChainedRevocation): Buffer {
  const hash = createHash('sha256');
  const fields = [
    TAG,
    previous,
    number(of.sequence),
    number(of.createdAt),
    text(of.scopeId),
    text(of.jti),
    of.rootCommitment,
    text(of.clientId),
    number(of.issuedFrom),
    number(of.issuedUntil),
    number(of.lapsesAt),
    text(of.revokedBy),
    text(of.reason),
  ];
  for (const field of fields) hash.update(lengthOf(field)).update(field);
  return hash.digest();
}

function text(value: string | null): Uint8Array {
  return value === null ? ABSENT : Buffer.concat([PRESENT, Buffer.from(value)]);
}

function number(value: number | null): Uint8Array {
  if (value === null) return ABSENT;
  const bytes = Buffer.alloc(9, PRESENT);
  bytes.writeBigInt64BE(BigInt(value), 1);
  return bytes;
}

function lengthOf(field: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(field.length);
  return bytes;
}
