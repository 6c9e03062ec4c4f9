import { describe, expect, it } from 'vitest';
import { onlyRestricts } from '../../../src/db/signed/restrictions.ts';
import { canarySample } from '../../support/canary-samples.ts';
import { followed } from '../../support/followed.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { auditEventsIn } from '../../support/store-database.ts';

const JWK = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } as const;
const credential = canarySample();
const token = canarySample({ id: 'c2', kind: 'token', scopeId: 'payments', createdAt: 11 });
const key = canarySample({
  id: 'c3',
  kind: 'key',
  digest: null,
  scopeId: 'payments',
  key: { hsmToken: 'issuer-b', hsmId: 'ab'.repeat(16), made: null },
  createdAt: 12,
});
const MADE = { kid: 'k1', publicJwk: JWK };
const WEB = { id: 'web', description: '', createdAt: 1, revokedAt: null, grants: [] };

describe('the store of decoys', () => {
  it('gives back what was put in, to the last value, after a restart too', async () => {
    const { store, file } = await openTestStore();
    for (const each of [key, token, credential]) await store.canaries.add(each, ALICE);
    await store.canaries.keyMade('c3', MADE, ALICE);
    await store.canaries.retire('c2', 20, ALICE);
    const expected = [
      credential,
      { ...token, retiredAt: 20 },
      { ...key, key: { hsmToken: 'issuer-b', hsmId: 'ab'.repeat(16), made: MADE } },
    ];
    expect(followed(store.canaries)).toEqual(expected);
    await store.close();
    const again = await openTestStore({ file });
    expect(again.report.refused).toEqual([]);
    expect(followed(again.store.canaries)).toEqual(expected);
  });

  it('tells the audit trail that there is one, and neither what nor where', async () => {
    const { store, file } = await openTestStore();
    await store.canaries.add(key, ALICE);
    await store.canaries.keyMade('c3', MADE, ALICE);
    await store.canaries.retire('c3', 20, ALICE);
    const told = auditEventsIn(file).slice(-3);
    expect(told.map(({ type, subject, details }) => [type, subject, details])).toEqual([
      ['canary.created', 'canary:c3', { kind: 'key' }],
      ['canary.made', 'canary:c3', {}],
      ['canary.retired', 'canary:c3', {}],
    ]);
  });

  it('has no digest that is a credential’s, and no credential has the digest of a decoy', async () => {
    const { store } = await openTestStore();
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    await store.access.addClient(WEB, one, ALICE);
    await store.canaries.add({ ...credential, digest: two }, ALICE);
    await store.canaries.retire(credential.id, 20, ALICE);
    const taken = { code: 'credential_taken' };
    await expect(store.canaries.add({ ...token, digest: one }, ALICE)).rejects.toMatchObject(taken);
    await expect(store.canaries.add({ ...token, digest: two }, ALICE)).rejects.toMatchObject(taken);
    const app = { ...WEB, id: 'app' };
    await expect(store.access.addClient(app, two, ALICE)).rejects.toMatchObject(taken);
    await store.access.addClient(app, Buffer.alloc(32, 3), ALICE);
    expect(followed(store.canaries)).toHaveLength(1);
  });

  it('takes no change without the registry key: each would silence an alarm, or make a false one', () => {
    const row = { id: 'c1', kind: 'credential', planted: 'here', created_at: 10 };
    const text = JSON.stringify(row);
    for (const after of [null, { ...row, retired_at: 20 }, { ...row, planted: 'there' }]) {
      expect(onlyRestricts('canaries', text, after && JSON.stringify(after))).toBe(false);
    }
  });
});
