import { describe, expect, it } from 'vitest';
import { AUDIT_GENESIS } from '../../../src/kernel/audit-chain.ts';
import { commitmentTo } from '../../../src/kernel/ledger-chain.ts';
import type { NewRevocation } from '../../../src/kernel/revocation.ts';
import { openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { auditEventsAt, queryDatabase } from '../../support/store-database.ts';

const NOON = 1_760_000_000;
const ADA = { operatorId: 'ada', requestId: 'req-1' };
const revocation = (changes: Partial<NewRevocation> = {}): NewRevocation => ({
  scopeId: 'payments',
  jti: null,
  root: null,
  clientId: null,
  issuedFrom: null,
  issuedUntil: null,
  createdAt: NOON,
  lapsesAt: NOON + 100,
  revokedBy: 'ada',
  reason: 'test',
  ...changes,
});

async function inForce(store: TestStores, now: number) {
  const { inForce, broken, flaws, isEnd } = await store.revocations.page(AUDIT_GENESIS, now);
  expect([broken, flaws, isEnd]).toEqual([undefined, [], true]);
  return inForce;
}

describe('stored revocations', () => {
  it('come back in order, to the last value, until they lapse', async () => {
    const { store, database } = await openTestStore();
    const full = revocation({
      root: 'sign-in-1',
      clientId: 'checkout',
      issuedFrom: 1,
      issuedUntil: 2,
      lapsesAt: null,
    });
    expect(await store.revocations.append(full, ADA)).toEqual({ ...full, sequence: 1 });
    await store.revocations.append(revocation({ scopeId: null, jti: 'jti-1' }), ADA);
    const expected = [
      { ...full, sequence: 1 },
      { ...revocation({ scopeId: null, jti: 'jti-1' }), sequence: 2 },
    ];
    expect(await inForce(store, NOON + 99)).toEqual(expected);
    expect(await inForce(store, NOON + 100)).toEqual(expected.slice(0, 1));
    const { store: again } = await openTestStore({ database });
    expect(await inForce(again, NOON)).toEqual(expected);
  });

  it('keep of a root event what it was committed to, by a salt of its own', async () => {
    const { store, database } = await openTestStore();
    for (const root of ['sign-in-1', 'sign-in-1', null])
      await store.revocations.append(revocation({ root }), ADA);
    const rows = await queryDatabase(database, 'SELECT * FROM revocations ORDER BY sequence');
    const commitments = rows.map(({ root_commitment }) => Buffer.from(root_commitment as Uint8Array));
    expect(commitments).toEqual([
      commitmentTo('root', rows[0]?.root_salt as Uint8Array, 'sign-in-1'),
      commitmentTo('root', rows[1]?.root_salt as Uint8Array, 'sign-in-1'),
      commitmentTo('root', new Uint8Array(16), null),
    ]);
    expect(new Set(commitments.map((each) => each.toString('hex'))).size).toBe(3);
  });

  it('commit with an audit event that tells all but the root event', async () => {
    const { store, database } = await openTestStore();
    await store.revocations.append(revocation({ root: 'sign-in-1' }), ADA);
    await store.revocations.append(revocation({ scopeId: null, jti: 'jti-1', revokedBy: 'ada' }), ADA);
    const events = (await auditEventsAt(database)).filter(({ type }) => type === 'revocation.added');
    expect(events).toMatchObject([
      {
        actor: 'ada',
        subject: 'scope:payments',
        requestId: 'req-1',
        details: { sequence: 1, reason: 'test' },
      },
      { actor: 'ada', subject: 'revocations', details: { sequence: 2, jti: 'jti-1' } },
    ]);
    expect(JSON.stringify(events)).not.toContain('sign-in-1');
  });
});
