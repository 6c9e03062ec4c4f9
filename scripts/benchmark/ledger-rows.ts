// What a row of the ledger costs, and what many rows before it change: `node scripts/benchmark/ledger-rows.ts --rows 10000000`.
// Needs about 320 bytes of disk a row under the temporary folder, and removes them again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LedgerLookup } from '../../src/store/ledger-lookup.ts';
import { SqliteLedgerSearch } from '../../src/store/ledger-search.ts';
import { compileLedgerStatements } from '../../src/store/ledger-statements.ts';
import { openStore } from '../../src/store/open-store.ts';
import { packRecords } from '../../src/store/record-batch.ts';
import { identify } from '../../src/store/writable-database.ts';
import { WriteConnection } from '../../src/store/write-connection.ts';
import { benchRecord } from './bench-record.ts';
import { fillLedger } from './fill-ledger.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    group: { type: 'string', default: '64' },
    sample: { type: 'string', default: '20000' },
  },
});
const [rows, groupSize, sample] = [Number(values.rows), Number(values.group), Number(values.sample)];
const folder = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
const file = join(folder, 'keyward.db');
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));

const store = await openStore({
  file,
  queueLimit: 1_000,
  clock: { nowSeconds: () => 1_760_000_000 },
  onEvent: () => undefined,
});
await store.close();
const identity = identify(file);
if (!identity) throw new Error(`${file} is not there`);

let next = 0;
const batchOf = (size: number) =>
  packRecords(
    Array.from({ length: size }, () => benchRecord(next++)),
    1_760_000_000,
  );

const empty = await measure();
const filled = fillLedger(file, rows, groupSize, () => benchRecord(next++));
const full = await measure();
console.log(
  `${rows} rows in groups of ${groupSize}: ${filled.bytesARow} bytes a row, filled in ${filled.seconds} s`,
);
console.table(
  Object.fromEntries(
    (Object.keys(empty) as (keyof typeof empty)[]).map((name) => [
      name,
      {
        empty: round(empty[name]),
        full: round(full[name]),
        change: `${round((100 * (full[name] - empty[name])) / empty[name])} %`,
      },
    ]),
  ),
);
process.exit();

async function measure() {
  return { ...appending(), ...(await lookingUp()), ...(await searching()) };
}

/** On this thread, as the writer's does it, with every sync. */
function appending() {
  const connection = new WriteConnection({ file, statements: compileLedgerStatements(), identity: known() });
  const batches = Array.from({ length: Math.ceil(sample / groupSize) }, () => batchOf(groupSize));
  for (const batch of batches.splice(0, 50)) connection.append(batch);
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  for (const batch of batches) connection.append(batch);
  const { user, system } = process.cpuUsage(cpu);
  const count = batches.length * groupSize;
  const wallUs = (1_000 * (performance.now() - wall)) / count;
  connection.close();
  return {
    'append, CPU us a row': (user + system) / count,
    'append, us a row': wallUs,
  };
}

async function lookingUp() {
  const lookup = new LedgerLookup({ file, identity: known(), queueLimit: 100_000 });
  const spread = (count: number) => Array.from({ length: count }, () => Math.floor(Math.random() * next));
  const digests = spread(5_000).map((n) => benchRecord(n).digest);
  await Promise.all(digests.slice(0, 64).map((digest) => lookup.find(digest)));
  const found = await timed(digests.length, () => inTurns(digests, (digest) => lookup.find(digest)));
  const recent = Array.from({ length: 5_000 }, (_, n) => benchRecord(next - 1 - n).digest);
  const lately = await timed(recent.length, () => inTurns(recent, (digest) => lookup.find(digest)));
  const unknown = spread(5_000).map((n) => benchRecord(-1 - n).digest);
  const missed = await timed(unknown.length, () => inTurns(unknown, (digest) => lookup.find(digest)));
  const sighted = await timed(digests.length, () => lookup.known('payments', digests));
  await lookup.close();
  return {
    'find, any token, us': found,
    'find, recent token, us': lately,
    'find, unknown, us': missed,
    'sighting, us': sighted,
  };
}

async function searching() {
  const search = new SqliteLedgerSearch({ file, identity: known(), archiveDir: folder });
  const { jti } = benchRecord(Math.floor(next / 2));
  const took = await timed(1_000, async () => {
    for (let after: number | null = 0; after !== null; ) {
      after = (await search.page({ jti }, { after, limit: 1_000 })).next;
    }
  });
  await search.close();
  return { 'search by jti through all rows, ms': took };
}

/** 64 at once, as 64 callers would. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += 64) await Promise.all(items.slice(at, at + 64).map(work));
}

/** Microseconds for each of `count`. */
async function timed(count: number, work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return (1_000 * (performance.now() - before)) / count;
}

function known() {
  if (!identity) throw new Error('the database is gone');
  return identity;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
