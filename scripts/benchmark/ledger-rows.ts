// What many rows of the ledger change: `node scripts/benchmark/ledger-rows.ts --rows 10000000`. An empty database and
// one of that many rows are measured in turn, round after round; what is printed is the least disturbed round of each.
// Needs about 320 bytes of disk a row under the temporary folder, and removes them again.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '../../src/db/open-store.ts';
import { ownSchema } from '../../src/db/sqlite/own-schema.ts';
import { createRunKey } from '../../src/kernel/audit-chain.ts';
import { benchRecord } from './bench-record.ts';
import { fillLedger } from './fill-ledger.ts';
import { type Costs, LedgerUnderLoad } from './ledger-under-load.ts';
import { passingFolder } from './passing-folder.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    group: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '7' },
  },
});
const [rows, groupSize, rounds] = [Number(values.rows), Number(values.group), Number(values.rounds)];
const folder = passingFolder();
process.once('SIGINT', () => process.exit(130));

const empty = await ledgerOf('empty', 0);
const full = await ledgerOf('full', rows);
const measured = { empty: [] as Costs[], full: [] as Costs[] };
// The first round compiles and warms up.
for (let round = 0; round <= rounds; round++) {
  const costs = { empty: await empty.measure(), full: await full.measure() };
  if (round === 0) continue;
  measured.empty.push(costs.empty);
  measured.full.push(costs.full);
}
console.table(Object.fromEntries(Object.keys(measured.empty[0] ?? {}).map((name) => [name, change(name)])));
process.exit();

async function ledgerOf(name: string, count: number): Promise<LedgerUnderLoad> {
  mkdirSync(join(folder, name));
  const file = join(folder, name, 'keyward.db');
  const run = createRunKey(0);
  const clock = { nowSeconds: () => 1_760_000_000 };
  const archiveDir = join(folder, name);
  const opening = { database: { file }, archiveDir, queueLimit: 1_000, clock, onEvent: () => undefined };
  await (await openStore(opening)).close();
  if (count > 0) {
    const { bytesARow, seconds } = fillLedger(file, count, groupSize, run, benchRecord);
    console.log(`${count} rows in groups of ${groupSize}: ${bytesARow} bytes a row, filled in ${seconds} s`);
  }
  return new LedgerUnderLoad(file, await ownSchema(), run, count, groupSize);
}

function change(name: string) {
  const [before, after] = [least(measured.empty, name), least(measured.full, name)];
  return {
    empty: Math.round(before * 10) / 10,
    full: Math.round(after * 10) / 10,
    change: `${Math.round((100 * (after - before)) / before)} %`,
  };
}

function least(costs: readonly Costs[], name: string): number {
  return Math.min(...costs.map((of) => of[name] ?? 0));
}
