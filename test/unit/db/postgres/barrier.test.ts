import { expect, it } from 'vitest';
import { Barrier } from '../../../../src/db/postgres/barrier.ts';
import type { Answer, Notice } from '../../../../src/db/postgres/session.ts';

const ONE_COPY = { mode: 'replicated', copies: 1 } as const;

/** Answers writes with those notices, or fails them, and proves everything. */
function sessionWith(write: () => Promise<readonly Notice[]>) {
  let writes = 0;
  return {
    writes: () => writes,
    async query(text: string): Promise<Answer> {
      const isWrite = text.includes('emit_message');
      if (isWrite) writes += 1;
      const notices = isWrite ? await write() : [];
      return { rows: [{ place: '0/1', copies: 1 }], changes: 0, command: 'SELECT', notices };
    },
  };
}

it('a warning beside the write is enough not to pass', async () => {
  const warned = (code: string) => sessionWith(async () => [{ code, message: 'canceling wait' }]);
  for (const code of ['01000', '57P01']) expect(await new Barrier(warned(code), ONE_COPY).pass()).toBe(false);
  expect(await new Barrier(warned('00000'), ONE_COPY).pass()).toBe(true);
});

it('one write serves all who come before it', async () => {
  const session = sessionWith(async () => []);
  const barrier = new Barrier(session, ONE_COPY);
  await Promise.all(Array.from({ length: 50 }, () => barrier.pass()));
  expect(session.writes()).toBe(2);
  await barrier.pass();
  expect(session.writes()).toBe(3);
});

it('the next is tried after one that failed', async () => {
  let tries = 0;
  const session = sessionWith(async () => {
    tries += 1;
    if (tries === 1) throw new Error('away');
    return [];
  });
  const barrier = new Barrier(session, ONE_COPY);
  const [first, second] = [barrier.pass(), barrier.pass()];
  await expect(first).rejects.toThrow('away');
  await expect(second).resolves.toBe(true);
  await expect(barrier.pass()).resolves.toBe(true);
});
