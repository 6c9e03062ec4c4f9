import { describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { RecordAppender } from '../../../src/kernel/ledger-search.ts';
import { createLedger } from '../../../src/ledger/durable-ledger.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';

const failing = (error: unknown) =>
  createLedger({ append: () => Promise.reject(error) } satisfies RecordAppender);

describe('createLedger', () => {
  it('settles only when the appender has', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let recorded = false;
    const waiting = createLedger({ append: () => promise })
      .record(issuanceRecord(1))
      .then(() => {
        recorded = true;
      });
    await new Promise((turn) => setImmediate(turn));
    expect(recorded).toBe(false);
    resolve();
    await waiting;
    expect(recorded).toBe(true);
  });

  it.each(['store_unavailable', 'internal'] as const)('turns %s into ledger_unavailable', async (code) => {
    const cause = new KeywardError(code, 'inside');
    await expect(failing(cause).record(issuanceRecord(1))).rejects.toMatchObject({
      code: 'ledger_unavailable',
      message: 'Tokens cannot be recorded now; try again shortly.',
      retryAfterSeconds: 2,
      cause,
    });
  });

  it.each(['overloaded', 'shutting_down'] as const)('passes %s on as it is', async (code) => {
    const error = new KeywardError(code, 'outside');
    await expect(failing(error).record(issuanceRecord(1))).rejects.toBe(error);
  });

  it('takes what it does not know for a record of unknown fate', async () => {
    const cause = new TypeError('a bug');
    await expect(failing(cause).record(issuanceRecord(1))).rejects.toMatchObject({
      code: 'ledger_unavailable',
      cause,
    });
  });
});
