import { expect, it } from 'vitest';
import { AUDIT_GENESIS, auditEventHash } from '../../../src/domain/audit-chain.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { query } from '../../support/store-database.ts';

const client = (id: string) => ({ id, description: '', createdAt: 1, revokedAt: null, grants: [] });

it('chains each event to the one before, from the first on', async () => {
  const { store, file } = await openTestStore();
  for (const [index, id] of ['web', 'app', 'cli'].entries()) {
    await store.access.addClient(client(id), Buffer.alloc(32, index), ALICE);
  }
  const rows = query(file, 'SELECT * FROM audit_events ORDER BY sequence');
  expect(rows.map(({ sequence, subject }) => [sequence, subject])).toEqual([
    [1, 'client:web'],
    [2, 'client:app'],
    [3, 'client:cli'],
  ]);
  let previous = AUDIT_GENESIS.hash;
  for (const row of rows) {
    const { sequence, subject } = row as { sequence: number; subject: string };
    const event = { sequence, time: 1_760_000_000, type: 'client.created', actor: 'alice', subject };
    previous = auditEventHash(previous, {
      ...event,
      requestId: 'req-1',
      detailsJson: '{"description":""}',
    });
    expect(Buffer.from(row.hash as Uint8Array).toString('hex')).toBe(Buffer.from(previous).toString('hex'));
  }
});

it('leaves no gap in the sequence where a change was refused', async () => {
  const { store, file } = await openTestStore();
  await store.access.addClient(client('web'), Buffer.alloc(32, 1), ALICE);
  await expect(store.access.addClient(client('web'), Buffer.alloc(32, 2), ALICE)).rejects.toMatchObject({
    code: 'client_exists',
  });
  await store.access.addClient(client('app'), Buffer.alloc(32, 3), ALICE);
  expect(query(file, 'SELECT sequence FROM audit_events ORDER BY sequence')).toEqual([
    { sequence: 1 },
    { sequence: 2 },
  ]);
});
