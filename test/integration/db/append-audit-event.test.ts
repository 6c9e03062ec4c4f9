import { expect, it } from 'vitest';
import { AUDIT_GENESIS, auditEventHash, verifySeal } from '../../../src/kernel/audit-chain.ts';
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
    const { sequence, subject, details_json } = row as Record<'subject' | 'details_json', string> & {
      sequence: number;
    };
    const event = { sequence, time: 1_760_000_000, type: 'client.created', actor: 'alice', subject };
    previous = auditEventHash(previous, {
      ...event,
      requestId: 'req-1',
      traceId: null,
      detailsJson: details_json,
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

it('seals each event with the key of the run', async () => {
  const { store, file } = await openTestStore();
  await store.access.addClient(client('web'), Buffer.alloc(32, 1), ALICE);
  await store.access.addClient(client('app'), Buffer.alloc(32, 2), ALICE);
  const rows = query(file, 'SELECT * FROM audit_events ORDER BY sequence');
  expect(rows.map(({ run_id }) => run_id)).toEqual([store.runs.own.id, store.runs.own.id]);
  expect(
    rows.map(({ sequence, hash, seal }) => {
      const head = { sequence: Number(sequence), hash: hash as Uint8Array };
      return verifySeal(store.runs.own, 'audit', head, seal as Uint8Array);
    }),
  ).toEqual([true, true]);
});

it('appends nothing to an event that somebody else put at the end, nor once it is taken away', async () => {
  const { store, file } = await openTestStore();
  await store.access.addClient(client('web'), Buffer.alloc(32, 1), ALICE);
  query(
    file,
    `INSERT INTO audit_events (sequence, time, type, actor, subject, details_json, hash)
     SELECT sequence + 1, time, type, actor, subject, details_json, zeroblob(32) FROM audit_events`,
  );
  const refused = { code: 'audit_trail_refused' };
  const add = (id: string, digest: number) =>
    store.access.addClient(client(id), Buffer.alloc(32, digest), ALICE);
  await expect(add('app', 2)).rejects.toMatchObject(refused);
  await expect(store.audit.ownHeads()).rejects.toMatchObject(refused);
  query(file, 'DELETE FROM audit_events WHERE sequence = 2');
  await expect(add('app', 2)).rejects.toMatchObject(refused);
  expect(query(file, 'SELECT id FROM clients')).toEqual([{ id: 'web' }]);
});

it('appends nothing to a trail whose end was cut off', async () => {
  const { store, file } = await openTestStore();
  for (const [index, id] of ['web', 'app'].entries()) {
    await store.access.addClient(client(id), Buffer.alloc(32, index), ALICE);
  }
  query(file, 'DELETE FROM audit_events WHERE sequence = 2');
  await expect(store.access.addClient(client('cli'), Buffer.alloc(32, 3), ALICE)).rejects.toMatchObject({
    code: 'audit_trail_refused',
  });
});
