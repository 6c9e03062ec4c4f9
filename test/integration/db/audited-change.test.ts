import { expect, it } from 'vitest';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { ALICE, placeSample, REGISTRY_KEY, scopeSample } from '../../support/registry-samples.ts';
import { query } from '../../support/store-database.ts';

/** No column of a time takes it. */
const NO_TIME = 0.5;

it('I10: makes no change whose audit event cannot be written, and the same change once it can', async () => {
  let time = NOON.nowSeconds();
  const { store, file } = await openTestStore({ clock: { nowSeconds: () => time } });
  time = NO_TIME;
  const client = { id: 'web', description: '', createdAt: 1, revokedAt: null, grants: [] };
  const changes = [
    () => store.registry.reserveScope(scopeSample('payments'), [placeSample(1)], ALICE),
    () => store.registry.addServiceKey(REGISTRY_KEY, ALICE),
    () => store.access.addClient(client, Buffer.alloc(32, 1), ALICE),
    () => store.access.addOperator({ ...client, id: 'bob', roles: ['auditor'] }, Buffer.alloc(32, 2), ALICE),
    () => store.access.revokeClient('web', 2, ALICE),
  ];
  const tables = ['scopes', 'signing_keys', 'service_keys', 'clients', 'operators', 'credentials'];
  const count = () => tables.map((table) => query(file, `SELECT count(*) AS n FROM ${table}`)[0]?.n);
  for (const change of changes) await expect(change()).rejects.toMatchObject({ code: 'internal' });
  expect(count()).toEqual([0, 0, 0, 0, 0, 0]);
  time = NOON.nowSeconds();
  for (const change of changes) await change();
  expect(count()).toEqual([1, 1, 1, 1, 1, 2]);
  expect(query(file, 'SELECT sequence, time, type FROM audit_events')).toEqual(
    ['scope.reserved', 'service_key.added', 'client.created', 'operator.created', 'client.revoked'].map(
      (type, index) => ({ sequence: index + 1, time: 1_760_000_000, type }),
    ),
  );
});
