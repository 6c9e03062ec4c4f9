import { describe, expect, it } from 'vitest';
import { CryptokiError } from '../../../src/signer/cryptoki.ts';
import { Epoch } from '../../../src/signer/epoch.ts';
import { answer, type OperationTable } from '../../../src/signer/operations.ts';
import type { LogLine } from '../../../src/signer/protocol.ts';

const ERROR = 'C_GetSessionInfo: CKR_SESSION_HANDLE_INVALID (0xb3)';
const SPENT = {
  code: 'hsm_unavailable',
  message: 'the HSM is not available',
  detail: ERROR,
  ckr: 0xb3,
  remedy: 'replace',
};

function setUp() {
  const logs: LogLine[] = [];
  const asked: string[] = [];
  let error: Error | undefined;
  const operations = {
    describe: async () => {
      asked.push('describe');
      if (error) throw error;
      return { label: 'token' };
    },
  } as unknown as OperationTable;
  const epoch = new Epoch((log, message, details) => logs.push({ log, message, details }));
  const describe = (id: number) => answer(operations, epoch, { id, op: 'describe', takes: null });
  const failWith = (next: Error | undefined) => {
    error = next;
  };
  return { logs, asked, epoch, operations, describe, failWith };
}

describe('the epoch of a process (decision 3)', () => {
  it('ends with the first error that only another process cures: the module is asked nothing more', async () => {
    const { asked, logs, describe, failWith } = setUp();
    failWith(new CryptokiError('C_GetSessionInfo', 0xb3));
    expect(await describe(1)).toEqual({ id: 1, failure: SPENT });
    failWith(undefined);
    expect(await describe(2)).toEqual({ id: 2, failure: SPENT });
    expect(asked).toEqual(['describe']);
    expect(logs).toEqual([
      {
        log: 'error',
        message: 'describe failed',
        details: { error: ERROR, stack: expect.any(String) },
      },
    ]);
  });

  it.each([
    ['one that may pass', new CryptokiError('C_Sign', 0x50)],
    ['one that needs hands', new CryptokiError('C_GenerateKeyPair', 0xd1)],
    ['one of ours', new Error('unforeseen')],
  ])('lasts after %s', async (_, error) => {
    const { describe, failWith } = setUp();
    failWith(error);
    expect(await describe(1)).toHaveProperty('failure');
    failWith(undefined);
    expect(await describe(2)).toEqual({ id: 2, gives: { label: 'token' } });
  });

  it.each(['constructor', '__proto__', 'shutdown'])('knows no operation %s', async (op) => {
    const { operations, epoch } = setUp();
    const request = { id: 1, op, takes: null } as unknown as Parameters<typeof answer>[2];
    expect(await answer(operations, epoch, request)).toEqual({
      id: 1,
      failure: { code: 'invalid_request', message: 'the signer knows no such operation' },
    });
  });
});
