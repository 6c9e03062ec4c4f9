import type { IssuanceRecord } from '../kernel/issuance.ts';
import type { LedgerRow } from '../kernel/ledger-chain.ts';
import { traceIdBytes } from '../kernel/trace.ts';

const DIGEST_BYTES = 32;
/** Beside the digest: scope, kid, jti, client, subject, root, trace, iat, exp. */
const VALUES_A_ROW = 9;

/**
 * Records on their way to the worker: all digests in one array and all other values in another, which costs
 * half of cloning the objects.
 */
export interface RecordBatch {
  readonly digests: Uint8Array;
  readonly values: readonly (string | number | null)[];
  /** When the group was handed over, in seconds since the epoch. */
  readonly committedAt: number;
}

/** A row before it has its salt. */
export type BareRow = Omit<LedgerRow, 'salt' | 'subjectCommitment' | 'rootCommitment'>;

export function packRecords(records: readonly IssuanceRecord[], committedAt: number): RecordBatch {
  const digests = new Uint8Array(records.length * DIGEST_BYTES);
  const values: (string | number | null)[] = [];
  for (const [index, record] of records.entries()) {
    digests.set(record.digest, index * DIGEST_BYTES);
    values.push(record.scopeId, record.kid, record.jti, record.clientId, record.subject, record.root);
    values.push(record.traceId, record.iat, record.exp);
  }
  return { digests, values, committedAt };
}

export function sizeOf(batch: RecordBatch): number {
  return batch.digests.length / DIGEST_BYTES;
}

export function rowOf({ digests, values }: RecordBatch, index: number): BareRow {
  const at = index * VALUES_A_ROW;
  return {
    digest: digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES),
    scopeId: values[at] as string,
    kid: values[at + 1] as string,
    jti: values[at + 2] as string,
    clientId: values[at + 3] as string,
    subject: values[at + 4] as string | null,
    root: values[at + 5] as string | null,
    traceId: traceIdBytes(values[at + 6] as string | null),
    iat: values[at + 7] as number,
    exp: values[at + 8] as number,
  };
}
