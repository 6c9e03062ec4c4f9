import { describe, expect, it } from 'vitest';
import { type Cryptoki, CryptokiError, type Handle } from '../../../src/signer/cryptoki.ts';
import { Epoch } from '../../../src/signer/epoch.ts';
import { Session, SessionPool, sessionsFor } from '../../../src/signer/hsm.ts';

function setUp(size: number) {
  const calls: string[] = [];
  let opened = 0;
  let refusals = 0;
  const refuseToOpen = (times: number) => {
    refusals = times;
  };
  const cryptoki = {
    openSession: (): Handle => {
      if (refusals > 0) {
        refusals -= 1;
        throw new CryptokiError('C_OpenSession', 0x31);
      }
      opened += 1;
      calls.push(`open ${opened}`);
      return Buffer.from([opened]);
    },
    closeSession: (handle: Handle) => {
      calls.push(`close ${handle[0]}`);
      throw new CryptokiError('C_CloseSession', 0xb3);
    },
    touchSession: (handle: Handle) => calls.push(`touch ${handle[0]}`),
  } as unknown as Cryptoki;
  const sessions = Array.from({ length: size }, () => new Session(cryptoki, Buffer.alloc(8)));
  const epoch = new Epoch(() => {});
  return { calls, epoch, refuseToOpen, pool: new SessionPool(sessions, epoch) };
}

describe('the sessions', () => {
  it('are lent to one at a time, in the order of asking', async () => {
    const { pool } = setUp(1);
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const lent = [
      pool.lend(() => first.promise.then(() => order.push('first'))),
      pool.lend(() => order.push('second')),
      pool.lend(() => order.push('third')),
    ];
    first.resolve();
    await Promise.all(lent);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('are lent next to whoever may not wait for the others', async () => {
    const { pool } = setUp(1);
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const lent = [
      pool.lend(() => first.promise),
      pool.lend(() => order.push('second')),
      pool.lendNext(() => order.push('third')),
    ];
    first.resolve();
    await Promise.all(lent);
    expect(order).toEqual(['third', 'second']);
  });

  it('come back after an error', async () => {
    const { pool } = setUp(1);
    await expect(pool.lend(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await pool.lend(({ handle }) => handle[0])).toBe(1);
  });

  it('are renewed for those that ask next, even if the old one cannot be closed', async () => {
    const { pool, calls } = setUp(1);
    await pool.lend((session) => session.renew());
    expect(await pool.lend(({ handle }) => handle[0])).toBe(2);
    expect(calls).toEqual(['open 1', 'close 1', 'open 2']);
  });

  it('are lent to nobody any more once the epoch is over', async () => {
    const { pool, epoch } = setUp(1);
    const first = Promise.withResolvers<void>();
    const lent = pool.lend(() => first.promise);
    const waiting = pool.lend(() => 'used');
    epoch.failed('signing', new CryptokiError('C_Sign', 0x82));
    first.resolve();
    await lent;
    await expect(waiting).rejects.toMatchObject({ code: 'hsm_unavailable' });
  });

  it('whose renewal failed are opened with the next use, and their old handle is never used again', async () => {
    const { pool, calls, refuseToOpen } = setUp(1);
    refuseToOpen(1);
    await pool.lend((session) => session.renew());
    await expect(pool.lend(({ handle }) => handle)).rejects.toThrow(CryptokiError);
    expect(await pool.lend(({ handle }) => handle[0])).toBe(2);
    expect(calls).toEqual(['open 1', 'close 1', 'open 2']);
  });

  it('are kept alive while idle, and left alone while lent', async () => {
    const { pool, calls } = setUp(2);
    await pool.lend(() => pool.keepAlive());
    expect(calls).toEqual(['open 1', 'open 2', 'touch 1']);
  });
});

describe('how many sessions stand beside the anchor (PKCS11.md rule 13)', () => {
  const UNKNOWN = 0xffffffff;
  it.each([
    [0, 0, 4, 4],
    [UNKNOWN, UNKNOWN, 4, 4],
    [1024, 0, 4, 4],
    [4, 0, 4, 3],
    [0, 3, 4, 2],
    [2, 2, 4, 1],
    [16, 16, 1, 1],
  ])('a token with at most %d, %d of them read-write, and %d configured: %d', (all, rw, wanted, size) => {
    expect(sessionsFor({ maxSessionCount: all, maxRwSessionCount: rw }, wanted)).toBe(size);
  });

  it('a token with a single one is refused', () => {
    expect(() => sessionsFor({ maxSessionCount: 1, maxRwSessionCount: 0 }, 4)).toThrow(
      expect.objectContaining({
        code: 'hsm_refused',
        message: 'the HSM token allows fewer than two sessions',
      }),
    );
  });
});
