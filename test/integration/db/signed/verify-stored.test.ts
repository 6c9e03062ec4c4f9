import { copyFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REGISTRY_TABLE_NAMES } from '../../../../src/db/signed/tables.ts';
import { followed } from '../../../support/followed.ts';
import { openTestStore } from '../../../support/open-test-store.ts';
import { provisionRegistry } from '../../../support/provisioned-registry.ts';
import { ALICE, scopeSample } from '../../../support/registry-samples.ts';
import { restoreTables } from '../../../support/restore-tables.ts';
import { softwareKey } from '../../../support/software-keys.ts';
import { softwareSeal } from '../../../support/software-seal.ts';
import { query } from '../../../support/store-database.ts';

/** The database after the edits, opened as a new start would. */
async function reopenedAfter(...edits: readonly string[]) {
  const { file, store } = await provisionRegistry();
  await store.close();
  for (const edit of edits) query(file, edit);
  return await openTestStore({ file });
}

describe('rows that were changed past the service', () => {
  it('are all as they were where nobody changed any', async () => {
    const { report, store } = await reopenedAfter();
    expect(report).toEqual({ refused: [] });
    expect(followed(store.access).clients.map(({ id }) => id)).toEqual(['payments-web', 'mail-web']);
  });

  it('are named with the columns that differ, and not used; the others serve', async () => {
    const { report, store } = await reopenedAfter(
      `UPDATE scopes SET policy_json = replace(policy_json, '3600', '86400'), audience = 'mine' WHERE id = 'payments'`,
    );
    expect(report.refused).toEqual([
      { table: 'scopes', id: 'payments', why: 'it differs from what was signed: audience, policy_json' },
    ]);
    expect((await store.registry.load()).scopes).toEqual([scopeSample('mail')]);
  });

  it.each([
    ['a scope', `UPDATE scopes SET audience = 'mine' WHERE id = 'payments'`, true],
    ['a key', `UPDATE signing_keys SET sign_until = sign_until + 1 WHERE kid = 'kid-payments-1'`, true],
    ['neither', `DELETE FROM grants WHERE client_id = 'mail-web'`, false],
  ])('are known to what is ordered for all keys where one is of %s', async (_, edit, hasRefusedKeys) => {
    const { store } = await reopenedAfter(edit);
    expect(await store.leftBehind.read()).toMatchObject({ events: [], hasRefusedKeys });
  });

  it('are missed where they were deleted', async () => {
    const { report } = await reopenedAfter(`DELETE FROM grants WHERE client_id = 'mail-web'`);
    expect(report.refused).toEqual([
      { table: 'grants', id: '["mail-web","mail","sign"]', why: 'it is missing' },
    ]);
  });

  it('are missed where their signatures were deleted as well', async () => {
    const { report, store } = await reopenedAfter(
      `DELETE FROM grants WHERE client_id = 'mail-web'`,
      `DELETE FROM registry_rows WHERE row_id = '["mail-web","mail","sign"]'`,
    );
    expect(report.refused).toEqual([
      { table: 'grants', id: '["mail-web","mail","sign"]', why: 'its signature is missing' },
    ]);
    expect(followed(store.access).clients.find(({ id }) => id === 'mail-web')?.grants).toEqual([]);
  });

  it('are refused where they were inserted', async () => {
    const { report, store } = await reopenedAfter(
      `INSERT INTO grants VALUES ('mail-web', 'payments', 'sign')`,
    );
    expect(report.refused).toEqual([
      {
        table: 'grants',
        id: '["mail-web","payments","sign"]',
        why: 'it is not in the registry that was signed',
      },
    ]);
    expect(followed(store.access).clients.flatMap(({ grants }) => grants)).toHaveLength(2);
  });

  it('are refused where two swapped their content', async () => {
    const { report, store } = await reopenedAfter(
      `UPDATE credentials SET client_id = CASE client_id WHEN 'mail-web' THEN 'payments-web' ELSE 'mail-web' END
       WHERE kind = 'svc'`,
    );
    expect(report.refused.map(({ table, why }) => ({ table, why }))).toEqual([
      { table: 'credentials', why: 'it differs from what was signed: client_id' },
      { table: 'credentials', why: 'it differs from what was signed: client_id' },
    ]);
    expect(followed(store.access).credentials.map(({ kind }) => kind)).toEqual(['ops', 'ops']);
  });
});

describe('an old row put back', () => {
  /** The row of before its revocation, put back from a copy of the database together with other tables. */
  async function putBack(...tables: readonly string[]) {
    const { file, store } = await provisionRegistry();
    await store.close();
    const old = `${file}.old`;
    copyFileSync(file, old);
    const again = await openTestStore({ file });
    await again.store.access.revokeClient('mail-web', 5, ALICE);
    await again.store.close();
    restoreTables(file, old, tables);
    return await openTestStore({ file });
  }

  it('does not fit its signature', async () => {
    const { report, store } = await putBack('clients');
    expect(report.refused).toEqual([
      { table: 'clients', id: 'mail-web', why: 'it differs from what was signed: revoked_at' },
    ]);
    expect(followed(store.access).clients.map(({ id }) => id)).toEqual(['payments-web']);
  });

  it('is older than the head says, with its signature', async () => {
    const { report } = await putBack('clients', 'credentials', 'registry_rows');
    expect(report.refused.map(({ table, why }) => ({ table, why }))).toEqual([
      { table: 'clients', why: 'it is older than the head of the registry says' },
      { table: 'credentials', why: 'it is older than the head of the registry says' },
    ]);
  });

  it('takes its neighbours with it, with its list', async () => {
    const { report, store } = await putBack('clients', 'credentials', 'registry_rows', 'registry_buckets');
    expect(new Set(report.refused.map(({ why }) => why))).toEqual(
      new Set([
        'the list that names its current version is damaged',
        'it is not the list that was signed, so none of its rows is used',
      ]),
    );
    expect(followed(store.access).clients.map(({ id }) => id)).toEqual(['payments-web']);
  });

  it('is found with an old head alone, as every row changed since', async () => {
    const { report } = await putBack('registry_head');
    expect(report.refused.length).toBeGreaterThan(0);
  });
});

describe('what vouches for the rows', () => {
  it('refuses a row whose signature is another row’s', async () => {
    const { report } = await reopenedAfter(
      `UPDATE registry_rows SET signature =
         (SELECT signature FROM registry_rows WHERE table_name = 'clients' AND row_id = 'mail-web')
       WHERE table_name = 'clients' AND row_id = 'payments-web'`,
    );
    expect(report.refused).toEqual([
      {
        table: 'clients',
        id: 'payments-web',
        why: 'its signature is not that of the registry key over this content',
      },
    ]);
  });

  it('makes a damaged list again from the signatures', async () => {
    const { report, store } = await reopenedAfter('DELETE FROM registry_buckets');
    expect(new Set(report.refused.map(({ table, why }) => `${table}: ${why}`))).toEqual(
      new Set([
        'registry_buckets: it is not the list that was signed; made again from the signatures of its rows',
      ]),
    );
    expect((await store.registry.load()).scopes).toHaveLength(2);
  });

  it.each([
    ['is gone', 'DELETE FROM registry_head'],
    ['was edited', `UPDATE registry_head SET signature = replace(signature, '.', '.A')`],
    ['has another number', 'UPDATE registry_head SET version = version - 1'],
  ])('does not start where the head %s', async (_, edit) => {
    await expect(reopenedAfter(edit)).rejects.toMatchObject({ code: 'registry_refused' });
  });

  it('does not start with all signatures gone, where they had been there', async () => {
    const gone = ['registry_rows', 'registry_buckets', 'registry_head'].map(
      (table) => `DELETE FROM ${table}`,
    );
    await expect(reopenedAfter(...gone)).rejects.toMatchObject({ code: 'registry_refused' });
  });

  it('believes no other key', async () => {
    const { file, store } = await provisionRegistry();
    await store.close();
    const seal = softwareSeal(softwareKey('ES256'));
    await expect(openTestStore({ file, seal })).rejects.toMatchObject({ code: 'registry_refused' });
  });
});

it('covers every table of which a row decides', () => {
  expect(REGISTRY_TABLE_NAMES).toEqual([
    'scopes',
    'signing_keys',
    'service_keys',
    'clients',
    'operators',
    'grants',
    'credentials',
    'proposals',
    'record_gaps',
    'canaries',
    'verifier_probes',
  ]);
});
