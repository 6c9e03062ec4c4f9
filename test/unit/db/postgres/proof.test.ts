import { expect, it } from 'vitest';
import { passBarrier } from '../../../../src/db/postgres/proof.ts';
import type { Answer, Notice } from '../../../../src/db/postgres/session.ts';

const ONE_COPY = { mode: 'replicated', copies: 1 } as const;

interface Standing {
  readonly notices?: readonly Notice[];
  /** Of the proof, where a pooler has the session. */
  readonly provenOn?: string;
  readonly writtenOn?: string;
}

/** A session with the server `first` until it writes; copies are always enough. */
function sessionWith({ notices = [], writtenOn, provenOn = writtenOn }: Standing) {
  const answer = (row: Record<string, unknown>): Answer => ({
    rows: [row],
    changes: 0,
    command: 'SELECT',
    notices,
  });
  const session = {
    server: writtenOn === undefined ? undefined : 'first',
    async transact(): Promise<Answer> {
      session.server = writtenOn;
      return answer({});
    },
    query: async (): Promise<Answer> => answer({ place: '0/1', copies: 1, server: provenOn }),
  };
  return session;
}

it('a warning beside the write is enough not to pass', async () => {
  const warned = (code: string) => sessionWith({ notices: [{ code, message: 'canceling wait' }] });
  for (const code of ['01000', '57P01']) expect(await passBarrier(warned(code), ONE_COPY)).toBe(false);
  expect(await passBarrier(warned('00000'), ONE_COPY)).toBe(true);
});

it('another server than the one that was asked is enough not to pass', async () => {
  const pass = (standing: Standing) => passBarrier(sessionWith(standing), ONE_COPY);
  expect(await pass({ writtenOn: 'first' })).toBe(true);
  expect(await pass({ writtenOn: 'second' })).toBe(false);
  expect(await pass({ writtenOn: 'first', provenOn: 'second' })).toBe(false);
});
