import { describe, expect, it } from 'vitest';
import type { Store } from '../../../../src/db/open-store.ts';
import type { RefusedRow } from '../../../../src/kernel/registry.ts';
import { openTestStore } from '../../../support/open-test-store.ts';
import { provisionRegistry } from '../../../support/provisioned-registry.ts';
import { ALICE } from '../../../support/registry-samples.ts';
import { query } from '../../../support/store-database.ts';

/** More than there are tables. */
const ROUND = 20;

async function walked(store: Store): Promise<RefusedRow[]> {
  const found: RefusedRow[] = [];
  for (let step = 0; step < ROUND; step += 1) {
    for (const row of await store.walkRegistry()) {
      if (!found.some((each) => JSON.stringify(each) === JSON.stringify(row))) found.push(row);
    }
  }
  return found;
}

describe('the registry under a running service', () => {
  it('is as the service left it, with changes under way', async () => {
    const { store } = await provisionRegistry();
    const changes = Array.from({ length: 20 }, (_, n) =>
      store.access.addGrant('mail-web', { scopeId: n % 2 ? 'mail' : 'payments', action: 'verify' }, ALICE),
    );
    expect(await walked(store)).toEqual([]);
    await Promise.all(changes);
    await store.access.revokeClient('mail-web', 7, ALICE);
    expect(await walked(store)).toEqual([]);
  });

  it.each([
    ['clients', `UPDATE clients SET description = 'edited' WHERE id = 'mail-web'`, 'mail-web', 'differs'],
    ['clients', `UPDATE clients SET revoked_at = 1 WHERE id = 'mail-web'`, 'mail-web', 'differs'],
    ['operators', `UPDATE operators SET created_at = 99 WHERE id = 'operator-1'`, 'operator-1', 'differs'],
    [
      'grants',
      `UPDATE grants SET action = 'verify' WHERE client_id = 'mail-web'`,
      '["mail-web","mail","sign"]',
      'missing',
    ],
    [
      'credentials',
      `DELETE FROM credentials WHERE rowid = (SELECT min(rowid) FROM credentials)`,
      '',
      'missing',
    ],
    ['scopes', `UPDATE scopes SET created_at = 99 WHERE id = 'mail'`, 'mail', 'differs'],
    ['signing_keys', `UPDATE signing_keys SET state = 'deactivated'`, '', 'differs'],
    ['service_keys', `UPDATE service_keys SET kid = 'other' WHERE role = 'audit'`, 'audit', 'differs'],
    [
      'clients',
      `UPDATE registry_rows SET signature = 'x' WHERE row_id = 'mail-web'`,
      'mail-web',
      'signature',
    ],
    [
      'clients',
      `UPDATE registry_rows SET pending = 'null' WHERE row_id = 'mail-web'`,
      'mail-web',
      'signature',
    ],
    ['clients', `DELETE FROM registry_rows WHERE row_id = 'mail-web'`, 'mail-web', 'signature is missing'],
    ['registry_buckets', `UPDATE registry_buckets SET rows_json = '[]'`, '', 'not the list'],
    ['registry_head', `UPDATE registry_head SET signature = 'x'`, '1', 'not the one'],
    ['registry_head', 'DELETE FROM registry_head', '1', 'not the one'],
  ])('tells of a changed row of %s: %s', async (table, tampering, id, why) => {
    const { store, file } = await provisionRegistry();
    query(file, tampering);
    const found = await walked(store);
    expect(found).toContainEqual({
      table,
      id: id === '' ? expect.any(String) : id,
      why: expect.stringContaining(why),
    });
  });

  it('tells of a row that was put in', async () => {
    const { store, file } = await provisionRegistry();
    query(file, `INSERT INTO clients (id, description, created_at) VALUES ('mallory', 'x', 1)`);
    expect(await walked(store)).toEqual([
      { table: 'clients', id: 'mallory', why: 'it is not in the registry that was signed' },
    ]);
  });

  it('does not tell again of a row that was refused at load', async () => {
    const { store: before, file } = await provisionRegistry();
    await before.close();
    query(file, `UPDATE clients SET description = 'edited' WHERE id = 'mail-web'`);
    const { store, report } = await openTestStore({ file });
    expect(report.refused).toMatchObject([{ table: 'clients', id: 'mail-web' }]);
    expect(await walked(store)).toEqual([]);
  });
});
