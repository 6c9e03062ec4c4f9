// What many rows of the ledger change on PostgreSQL: `node scripts/benchmark/postgres-rows.ts --rows 10000000`. A database
// of a few rows and one of that many, on one server with its own folder, are measured in turn; what is printed is the
// least disturbed round of each. Needs about 450 bytes of disk a row under the temporary folder, and removes them again.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownDatabase } from '../../src/db/open-engine.ts';
import { openStore, type Store } from '../../src/db/open-store.ts';
import { connect } from '../../src/db/postgres/connect.ts';
import { readConnectionString } from '../../src/db/postgres/connection-string.ts';
import { GroupWriter } from '../../src/db/postgres/group-writer.ts';
import { packRecords } from '../../src/db/record-batch.ts';
import { createRunKey, type RunKey } from '../../src/kernel/audit-chain.ts';
import { type PostgresServer, startPrimary } from '../../test/support/postgres/server.ts';
import { benchRecord } from './bench-record.ts';
import { passingFolder } from './passing-folder.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    group: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '7' },
  },
});
const [rows, groupSize, rounds] = [Number(values.rows), Number(values.group), Number(values.rounds)];
const CALLERS = 64;
const OPERATIONS = 4_096;
/** Those of the last minute. */
const RECENT = 60_000;
/** Look-ups of one group each, in a round. */
const LOOKED_UP = 512;
/** A group for each of those, and more than a minute of records. */
const FEW = groupSize * LOOKED_UP * (rounds + 1);

type Costs = Readonly<Record<string, number>>;

interface Ledger {
  readonly store: Store;
  readonly count: number;
  /** The next record to append. */
  next: number;
}

const folder = passingFolder();
const server = await startPrimary({
  settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '512MB', max_wal_size: '4GB' },
});
process.once('SIGINT', () => process.exit(130));
try {
  const few = await ledgerOf('few', FEW);
  const many = await ledgerOf('many', rows);
  const firsts = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    firsts.few.push(await newGroups(few, round));
    firsts.many.push(await newGroups(many, round));
  }
  const measured = { few: [] as Costs[], many: [] as Costs[] };
  for (let round = 0; round <= rounds; round++) {
    const first = 'find a token of a group not read before';
    measured.few.push({ ...(await measure(few)), [first]: firsts.few[round] ?? 0 });
    measured.many.push({ ...(await measure(many)), [first]: firsts.many[round] ?? 0 });
  }
  // The first round compiled and warmed up.
  measured.few.shift();
  measured.many.shift();
  const names = Object.keys(measured.few[0] ?? {});
  console.table(Object.fromEntries(names.map((name) => [name, change(measured, name)])));
} finally {
  await server.remove();
}
process.exit();

async function ledgerOf(name: string, count: number): Promise<Ledger> {
  await server.query(`create database ${name} owner keyward`);
  const url_file = join(folder, name);
  writeFileSync(url_file, server.url(name), { mode: 0o600 });
  const database = { url_file, durability: 'single', copies: 1 } as const;
  const owner = await ownDatabase(database);
  const run = createRunKey(0);
  await fill(server, name, { count, run, owner: owner.id });
  const clock = { nowSeconds: () => 1_760_000_000 };
  const opening = { database, owner, run, archiveDir: folder, queueLimit: 10_000, clock };
  const store = await openStore({ ...opening, onEvent: (event) => console.warn(event) });
  await store.ledger.open([], Math.ceil(count / groupSize));
  return { store, count, next: count };
}

/** µs of wall time for each token whose group no look-up has read yet. */
async function newGroups({ store, count }: Ledger, round: number): Promise<number> {
  const apart = Math.floor(count / groupSize / (LOOKED_UP * (rounds + 1)));
  const place = (n: number) => (round * LOOKED_UP + n) * apart * groupSize + random(groupSize);
  return await costOf((n) => find(store, place(n)), LOOKED_UP);
}

/** µs of wall time for each of many operations. */
async function measure(ledger: Ledger): Promise<Costs> {
  const { store, next: from } = ledger;
  const to = from + OPERATIONS;
  ledger.next = to;
  const appended = await costOf((n) => store.records.append(benchRecord(from + n)));
  const recent = await costOf(() => find(store, to - 1 - random(Math.min(to, RECENT))));
  const any = await costOf(() => find(store, random(to)));
  return { 'append a record': appended, 'find a token of the last minute': recent, 'find any token': any };
}

async function find(store: Store, place: number): Promise<void> {
  const { digest, iat } = benchRecord(place);
  if (!(await store.ledger.lookups.find(digest, iat))) throw new Error(`record ${place} is not found`);
}

/** 64 at a time. */
async function costOf(work: (n: number) => Promise<unknown>, operations = OPERATIONS): Promise<number> {
  const began = performance.now();
  let next = 0;
  const caller = async () => {
    for (let n = next++; n < operations; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return ((performance.now() - began) * 1_000) / operations;
}

async function fill(
  to: PostgresServer,
  name: string,
  { count, run, owner }: { readonly count: number; readonly run: RunKey; readonly owner: string },
): Promise<void> {
  const began = performance.now();
  const session = await connect(readConnectionString(to.url(name)), { connectMs: 10_000, answerMs: 600_000 });
  // A sync for each group would take hours; the checkpoint below makes up for it.
  await session.query('set synchronous_commit = off');
  const writer = new GroupWriter(run, owner, (_, commit) => commit);
  for (let done = 0; done < count; done += groupSize) {
    const records = Array.from({ length: groupSize }, (_, index) => benchRecord(done + index));
    const batch = packRecords(records, records.at(-1)?.iat ?? 0);
    await writer.append(session, { batch, end: undefined, fence: 0 });
    if (done % 1_000_000 < groupSize) console.error(`${done} of ${count} rows`);
  }
  await session.query('analyze');
  await session.query('checkpoint').catch(() => {});
  const { rows: sizes } = await session.query('select pg_database_size(current_database()) as bytes');
  await session.close();
  const bytes = Math.round(Number(sizes[0]?.bytes) / count);
  console.log(
    `${count} rows: ${bytes} bytes a row, filled in ${Math.round((performance.now() - began) / 1_000)} s`,
  );
}

function change(measured: Readonly<Record<'few' | 'many', readonly Costs[]>>, name: string) {
  const [before, after] = [least(measured.few, name), least(measured.many, name)];
  return {
    few: Math.round(before),
    many: Math.round(after),
    change: `${Math.round((100 * (after - before)) / before)} %`,
  };
}

function least(costs: readonly Costs[], name: string): number {
  return Math.min(...costs.map((of) => of[name] ?? 0));
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}
