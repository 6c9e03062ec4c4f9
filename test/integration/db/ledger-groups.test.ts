import { expect, it } from 'vitest';
import { verifySeal } from '../../../src/kernel/audit-chain.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { chainFaultsIn, groupsIn, rowsIn } from '../../support/ledger-chain.ts';
import { openTestWriter } from '../../support/open-test-writer.ts';
import { query } from '../../support/store-database.ts';

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => issuanceRecord(from + index));

it('makes each commit one group, chained to the one before', async () => {
  const { writer, file } = await openTestWriter();
  await Promise.all(numbered(0, 3).map((record) => writer.append(record)));
  await writer.append(issuanceRecord(3));
  await Promise.all(numbered(4, 40).map((record) => writer.append(record)));
  expect(
    groupsIn(file).map(({ sequence, firstRecord, rowCount, committedAt }) => [
      sequence,
      firstRecord,
      rowCount,
      committedAt,
    ]),
  ).toEqual([
    [1, 1, 3, 1_760_000_000],
    [2, 4, 1, 1_760_000_000],
    [3, 5, 40, 1_760_000_000],
  ]);
  expect(chainFaultsIn(file)).toEqual({ faults: [], uncovered: 0 });
});

it('gives each row a salt of its own', async () => {
  const { writer, file } = await openTestWriter();
  await Promise.all(numbered(0, 50).map((record) => writer.append(record)));
  const salts = rowsIn(file).map(({ salt }) => Buffer.from(salt ?? []).toString('hex'));
  expect(new Set(salts).size).toBe(50);
  expect(salts[0]).toHaveLength(32);
});

it('leaves a refused row out of its group without a gap, and makes no group of refused rows alone', async () => {
  const { writer, file } = await openTestWriter();
  const twice = issuanceRecord(1);
  await Promise.allSettled([issuanceRecord(0), twice, twice, issuanceRecord(2)].map((r) => writer.append(r)));
  await expect(writer.append(twice)).rejects.toMatchObject({ code: 'internal' });
  expect(groupsIn(file).map(({ firstRecord, rowCount }) => [firstRecord, rowCount])).toEqual([[1, 3]]);
  expect(chainFaultsIn(file)).toEqual({ faults: [], uncovered: 0 });
});

it('goes on with the chain where another process left it', async () => {
  const first = await openTestWriter();
  await first.writer.append(issuanceRecord(0));
  await first.writer.close();
  const { writer, file } = await openTestWriter({ file: first.file });
  await writer.append(issuanceRecord(1));
  expect(groupsIn(file).map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(chainFaultsIn(file)).toEqual({ faults: [], uncovered: 0 });
});

it('never gives a sequence again, also when all rows have gone', async () => {
  const { writer, file } = await openTestWriter();
  await Promise.all(numbered(0, 5).map((record) => writer.append(record)));
  query(file, 'DELETE FROM issuance_records RETURNING sequence');
  await writer.append(issuanceRecord(5));
  expect(rowsIn(file).map(({ sequence }) => sequence)).toEqual([6]);
});

it.each([
  [
    'added a group',
    `INSERT INTO ledger_groups SELECT 2, 2, 1, committed_at, group_hash, x'00', run_id, seal FROM ledger_groups RETURNING 1`,
  ],
  ['changed the last group', `UPDATE ledger_groups SET group_hash = x'00' RETURNING 1`],
  ['took the last group away', 'DELETE FROM ledger_groups RETURNING 1'],
])('appends nothing once somebody else %s', async (_, tampering) => {
  const { writer, file, events } = await openTestWriter();
  await writer.append(issuanceRecord(0));
  query(file, tampering);
  for (const n of [1, 2]) {
    await expect(writer.append(issuanceRecord(n))).rejects.toMatchObject({
      code: 'store_unavailable',
      cause: { condition: 'foreign_group' },
    });
  }
  expect(rowsIn(file)).toHaveLength(1);
  expect(events).toMatchObject([{ name: 'write_failed', condition: 'foreign_group' }]);
});

it('seals each group with the key of the run', async () => {
  const { writer, file, run } = await openTestWriter();
  await writer.append(issuanceRecord(0));
  await writer.append(issuanceRecord(1));
  const groups = query(
    file,
    'SELECT sequence, group_hash, run_id, seal FROM ledger_groups ORDER BY sequence',
  );
  expect(groups.map(({ run_id }) => run_id)).toEqual([run.id, run.id]);
  for (const { sequence, group_hash, seal } of groups) {
    const head = { sequence: Number(sequence), hash: group_hash as Uint8Array };
    expect(verifySeal(run, 'ledger', head, seal as Uint8Array)).toBe(true);
    expect(verifySeal(run, 'audit', head, seal as Uint8Array)).toBe(false);
  }
});

it('goes on behind a group of its own whose commit it was not told of', async () => {
  const { writer, file } = await openTestWriter();
  await writer.append(issuanceRecord(0));
  const [first] = groupsIn(file);
  for (const n of [1, 2]) await writer.append(issuanceRecord(n));
  writer.expectLedgerEnd({ sequence: 1, hash: first?.groupHash as Uint8Array });
  await writer.append(issuanceRecord(3));
  expect(groupsIn(file).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
});

it('goes on behind no group that bears the seal of another', async () => {
  const { writer, file } = await openTestWriter();
  for (const n of [0, 1]) await writer.append(issuanceRecord(n));
  query(
    file,
    `INSERT INTO ledger_groups SELECT 3, 3, row_count, committed_at, previous_hash, group_hash, run_id, seal
     FROM ledger_groups WHERE sequence = 1`,
  );
  await expect(writer.append(issuanceRecord(2))).rejects.toMatchObject({
    cause: { condition: 'foreign_group' },
  });
  expect(groupsIn(file).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

it.each([
  ['passes over records', 'issuance_records', 'SELECT RAISE(IGNORE)', 'BEFORE'],
  ['passes over groups', 'ledger_groups', 'SELECT RAISE(IGNORE)', 'BEFORE'],
  ['passes over the hashes of rows', 'ledger_row_hashes', 'SELECT RAISE(IGNORE)', 'BEFORE'],
  [
    'changes what was recorded',
    'issuance_records',
    `UPDATE issuance_records SET client_id = 'x' WHERE sequence = NEW.sequence`,
    'AFTER',
  ],
  ['takes records away', 'ledger_groups', 'DELETE FROM issuance_records', 'AFTER'],
])('records nothing where a trigger %s', async (_, table, effect, when) => {
  const { writer, file, events } = await openTestWriter();
  query(file, `CREATE TRIGGER t ${when} INSERT ON ${table} BEGIN ${effect}; END`);
  await expect(writer.append(issuanceRecord(0))).rejects.toMatchObject({
    code: 'store_unavailable',
    cause: { condition: 'foreign_schema' },
  });
  expect([rowsIn(file), groupsIn(file)]).toEqual([[], []]);
  expect(events).toMatchObject([{ name: 'write_failed', condition: 'foreign_schema' }]);
  query(file, 'DROP TRIGGER t');
  await writer.append(issuanceRecord(0));
  expect(rowsIn(file)).toHaveLength(1);
});
