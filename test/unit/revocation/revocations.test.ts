import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import type { RevocableToken, Revocation, RevocationRule } from '../../../src/kernel/revocation.ts';
import type { Scope } from '../../../src/kernel/scope.ts';
import { Revocations } from '../../../src/revocation/revocations.ts';
import { aScope } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
/** 24 hours, the longest life, and twice five minutes, the largest skew. */
const LONGEST = 87_000;
const ADA = { operatorId: 'ada', requestId: 'req-1' };
const NOTHING: RevocationRule = {
  scopeId: null,
  jti: null,
  root: null,
  clientId: null,
  issuedFrom: null,
  issuedUntil: null,
};
const TOKEN: RevocableToken = {
  scopeId: 'payments',
  jti: 'jti-1',
  root: 'sign-in-1',
  clientId: 'checkout',
  iat: NOW - 10,
};

let now: number;
let settled: boolean;
let rows: Revocation[];
let failure: Error | undefined;
let stale: Error | undefined;
let scopes: Scope[];
beforeEach(() => {
  now = NOW;
  settled = true;
  rows = [];
  failure = undefined;
  stale = undefined;
  scopes = [];
});

const load = async () =>
  new Revocations(
    {
      clock: { nowSeconds: () => now },
      settledTime: { isSettled: () => settled },
      requireFresh: () => {
        if (stale) throw stale;
      },
      knowsScope: (id) => id === 'payments' || id === 'mail',
      knowsClient: (id) => id === 'checkout',
      scopes: () => scopes,
      store: {
        append: async (revocation) => {
          if (failure) throw failure;
          const stored = { ...revocation, sequence: rows.length + 1 };
          rows.push(stored);
          return stored;
        },
      },
    },
    rows,
  );

async function revoked(rule: Partial<RevocationRule>, token: Partial<RevocableToken> = {}): Promise<boolean> {
  const revocations = await load();
  await revocations.revoke({ ...NOTHING, ...rule }, 'test', ADA);
  return revocations.covers({ ...TOKEN, ...token });
}

describe('a rule', () => {
  it.each<[string, Partial<RevocationRule>, Partial<RevocableToken>]>([
    ['jti', { jti: 'jti-1' }, { jti: 'jti-2' }],
    ['jti of one scope', { jti: 'jti-1', scopeId: 'payments' }, { scopeId: 'mail' }],
    ['root event', { root: 'sign-in-1' }, { root: 'sign-in-2' }],
    ['root event, where there is none', { root: 'sign-in-1' }, { root: null }],
    ['root event from a time', { root: 'sign-in-1', issuedFrom: NOW - 10 }, { iat: NOW - 11 }],
    ['client', { clientId: 'checkout' }, { clientId: 'other' }],
    ['client until now', { clientId: 'checkout' }, { iat: NOW + 1 }],
    ['client until a time', { clientId: 'checkout', issuedUntil: NOW - 10 }, { iat: NOW - 9 }],
    ['client and root event', { clientId: 'checkout', root: 'sign-in-1' }, { clientId: 'other' }],
    ['first of a time', { scopeId: 'payments', issuedFrom: NOW - 10, issuedUntil: NOW }, { iat: NOW - 11 }],
    [
      'last of a time',
      { scopeId: 'payments', issuedFrom: NOW - 20, issuedUntil: NOW - 10 },
      { iat: NOW - 9 },
    ],
    [
      'time of one scope',
      { scopeId: 'payments', issuedFrom: NOW - 10, issuedUntil: NOW },
      { scopeId: 'mail' },
    ],
  ])('by %s fits its tokens and no others', async (_, rule, neighbour) => {
    expect(await revoked(rule)).toBe(true);
    expect(await revoked(rule, neighbour)).toBe(false);
  });

  it.each<[string, Partial<RevocationRule>]>([
    ['rule: name a jti', {}],
    ['rule: name a jti', { scopeId: 'payments' }],
    ['rule: name a jti', { scopeId: 'payments', issuedFrom: NOW }],
    ['scope: name the scope', { issuedFrom: 1, issuedUntil: 2 }],
    ['jti: it names one token', { jti: 'x', root: 'y' }],
    ['jti: it names one token', { jti: 'x', issuedUntil: 1 }],
    ['jti: use 1 to 4096', { jti: '' }],
    ['root: use 1 to 4096', { root: 'x'.repeat(4_097) }],
    ['issued_until: must not', { clientId: 'checkout', issuedFrom: 2, issuedUntil: 1 }],
  ])('that names no tokens is refused with `%s …`', async (message, rule) => {
    const revocations = await load();
    const refusal = revocations.revoke({ ...NOTHING, ...rule }, '', ADA);
    await expect(refusal).rejects.toMatchObject({
      code: 'invalid_revocation',
      message: expect.stringMatching(`^${message}`),
    });
    expect(rows).toEqual([]);
  });

  it('names a scope and a client that exist, and a printable reason', async () => {
    const revocations = await load();
    const rule = { ...NOTHING, jti: 'x' };
    await expect(revocations.revoke({ ...rule, scopeId: 'nowhere' }, '', ADA)).rejects.toMatchObject({
      code: 'unknown_scope',
    });
    await expect(revocations.revoke({ ...NOTHING, clientId: 'nobody' }, '', ADA)).rejects.toMatchObject({
      code: 'unknown_client',
    });
    await expect(revocations.revoke(rule, 'a\nb', ADA)).rejects.toMatchObject({ code: 'invalid_revocation' });
  });

  it.each<[string, Partial<RevocationRule>, number | null]>([
    ['a jti', { jti: 'x' }, NOW + LONGEST],
    ['a client', { clientId: 'checkout' }, NOW + LONGEST],
    ['a client until a time past', { clientId: 'checkout', issuedUntil: NOW - 500 }, NOW + LONGEST],
    ['a client until a time to come', { clientId: 'checkout', issuedUntil: NOW + 500 }, NOW + 500 + LONGEST],
    ['a root event', { root: 'x' }, null],
    ['a root event until a time', { root: 'x', issuedUntil: NOW + 9 }, NOW + 9 + LONGEST],
  ])('by %s lapses when no token it fits can be alive', async (_, rule, lapsesAt) => {
    const revocations = await load();
    const { lapsesAt: found } = await revocations.revoke({ ...NOTHING, ...rule }, '', ADA);
    expect(found).toBe(lapsesAt);
  });
});

it.each([
  ['any scope', null, 30],
  ['the scope', 'payments', 30],
  ['another scope', 'mail', 0],
])('a client that may date its tokens is revoked up to the skew ahead: %s', async (_, scopeId, ahead) => {
  const policy = { ...DEFAULT_POLICY, externalClaims: true };
  scopes = [aScope({ id: 'payments', policy }), aScope({ id: 'mail' })];
  const revocations = await load();
  const { issuedUntil } = await revocations.revoke({ ...NOTHING, clientId: 'checkout', scopeId }, '', ADA);
  expect(issuedUntil).toBe(NOW + ahead);
});

describe('revocations', () => {
  it('are in force only once they are durable', async () => {
    const revocations = await load();
    failure = new Error('disk full');
    await expect(revocations.revoke({ ...NOTHING, jti: 'jti-1' }, '', ADA)).rejects.toBe(failure);
    expect(revocations.covers(TOKEN)).toBe(false);
  });

  it('of a token are stored once, until it has expired for every skew', async () => {
    const revocations = await load();
    const token = { scopeId: 'payments', jti: 'jti-1', exp: NOW + 60 };
    await revocations.revokeToken(token, ADA);
    await revocations.revokeToken(token, ADA);
    expect(rows).toEqual([
      {
        ...NOTHING,
        sequence: 1,
        scopeId: 'payments',
        jti: 'jti-1',
        createdAt: NOW,
        lapsesAt: NOW + 360,
        revokedBy: 'ada',
        reason: '',
      },
    ]);
    await revocations.revokeToken({ ...token, scopeId: 'mail' }, ADA);
    expect(rows).toHaveLength(2);
  });

  it('of a token that claims to live for ever lapse like any other', async () => {
    const revocations = await load();
    await revocations.revokeToken({ scopeId: 'payments', jti: 'jti-1', exp: Number.MAX_VALUE }, ADA);
    expect(rows[0]?.lapsesAt).toBe(NOW + LONGEST);
  });

  it('are taken up at the start', async () => {
    await (await load()).revoke({ ...NOTHING, root: 'sign-in-1' }, '', ADA);
    expect((await load()).covers(TOKEN)).toBe(true);
  });

  it('are forgotten once they lapse, and listed the newest first until then', async () => {
    const revocations = await load();
    await revocations.revokeToken({ scopeId: 'payments', jti: 'jti-1', exp: NOW }, ADA);
    await revocations.revoke({ ...NOTHING, root: 'a' }, '', ADA);
    await revocations.revoke({ ...NOTHING, root: 'b' }, '', ADA);
    const listed = (page: { before?: number; limit: number }) =>
      revocations.list(page).map(({ sequence }) => sequence);
    expect(listed({ limit: 10 })).toEqual([3, 2, 1]);
    expect(listed({ limit: 1 })).toEqual([3]);
    expect(listed({ before: 3, limit: 1 })).toEqual([2]);
    now = NOW + 300;
    expect(listed({ limit: 10 })).toEqual([3, 2]);
    expect(revocations.size).toBe(3);
    await revocations.revoke({ ...NOTHING, root: 'c' }, '', ADA);
    expect(revocations.size).toBe(3);
    expect(revocations.covers(TOKEN)).toBe(false);
  });

  it('are not forgotten by a clock that is ahead', async () => {
    const revocations = await load();
    await revocations.revokeToken({ scopeId: 'payments', jti: TOKEN.jti, exp: NOW }, ADA);
    settled = false;
    now = NOW + 40 * 86_400;
    await revocations.revoke({ ...NOTHING, root: 'c' }, '', ADA);
    now = NOW;
    expect(revocations.covers(TOKEN)).toBe(true);
  });

  it('of another front are in force and told as they are taken over, each once, and but for those that lapsed', async () => {
    const revocations = await load();
    const own = await revocations.revoke({ ...NOTHING, root: 'own' }, '', ADA);
    const told: number[] = [];
    revocations.added.subscribe(({ sequence }) => told.push(sequence));
    const of = { ...own, root: null };
    const made = [
      own,
      { ...of, sequence: 2, jti: TOKEN.jti },
      { ...of, sequence: 3, jti: 'x', lapsesAt: NOW },
    ];
    revocations.take(made.map((revocation) => ({ revocation, isTold: true })));
    expect([told, revocations.size, revocations.followed]).toEqual([[2], 2, 3]);
    expect(revocations.covers(TOKEN)).toBe(true);
  });

  it('that no audit event tells of are in force while they are there, told to nobody, and hide no other', async () => {
    const revocations = await load();
    const told: (string | null)[] = [];
    revocations.added.subscribe(({ jti }) => told.push(jti));
    const own = await revocations.revoke({ ...NOTHING, root: 'own' }, '', ADA);
    told.length = 0;
    const planted = { ...own, root: null, sequence: 2, jti: TOKEN.jti };
    revocations.take([{ revocation: planted, isTold: false }]);
    expect([revocations.covers(TOKEN), told, revocations.followed]).toEqual([true, [], 0]);
    revocations.take([]);
    expect(revocations.covers(TOKEN)).toBe(false);
    revocations.take([{ revocation: { ...planted, jti: 'genuine' }, isTold: true }]);
    expect([told, revocations.followed]).toEqual([['genuine'], 2]);
  });

  it('are not vouched for while it is not known what other fronts revoke', async () => {
    const revocations = await load();
    expect(revocations.covers(TOKEN)).toBe(false);
    stale = new Error('not known');
    expect(() => revocations.covers(TOKEN)).toThrow(stale);
  });
});
