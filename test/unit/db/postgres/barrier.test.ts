import { expect, it } from 'vitest';
import { passBarrier } from '../../../../src/db/postgres/barrier.ts';
import type { Answer, Notice } from '../../../../src/db/postgres/session.ts';

const ONE_COPY = { mode: 'replicated', copies: 1 } as const;

/** Answers writes with those notices, or fails them, and proves everything. */
function sessionWith(write: () => Promise<readonly Notice[]>) {
  return {
    server: undefined,
    transact: async (): Promise<Answer> => {
      return { rows: [], changes: 0, command: 'SELECT', notices: await write() };
    },
    query: async (): Promise<Answer> => {
      return { rows: [{ place: '0/1', copies: 1 }], changes: 0, command: 'SELECT', notices: [] };
    },
  };
}

it('a warning beside the write is enough not to pass', async () => {
  const warned = (code: string) => sessionWith(async () => [{ code, message: 'canceling wait' }]);
  for (const code of ['01000', '57P01']) expect(await passBarrier(warned(code), ONE_COPY)).toBe(false);
  expect(await passBarrier(warned('00000'), ONE_COPY)).toBe(true);
});
