import type { IssuanceRecord } from '../domain/ledger.ts';

const DIGEST_BYTES = 32;
/** Columns beside the digest: scope, kid, jti, client, subject, iat, exp. */
const VALUES_A_ROW = 7;

/**
 * Records on their way to the worker: all digests in one array and all other values in another, which costs
 * half of cloning the objects.
 */
export interface RecordBatch {
  readonly digests: Uint8Array;
  readonly values: readonly (string | number | null)[];
}

export function packRecords(records: readonly IssuanceRecord[]): RecordBatch {
  const digests = new Uint8Array(records.length * DIGEST_BYTES);
  const values: (string | number | null)[] = [];
  for (const [index, record] of records.entries()) {
    digests.set(record.digest, index * DIGEST_BYTES);
    values.push(record.scopeId, record.kid, record.jti, record.clientId, record.subject);
    values.push(record.iat, record.exp);
  }
  return { digests, values };
}

/** The rows of a batch, digest first, as the insert binds them. */
export function* rowsOf(batch: RecordBatch): Generator<(Uint8Array | string | number | null)[]> {
  const count = batch.digests.length / DIGEST_BYTES;
  for (let index = 0; index < count; index++) {
    const digest = batch.digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
    yield [digest, ...batch.values.slice(index * VALUES_A_ROW, (index + 1) * VALUES_A_ROW)];
  }
}
