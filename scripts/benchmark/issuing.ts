// Tokens a second as the service is and without a part of it, in turn: the ledger (a full one with `--rows 10000000`), or
// with `--without watch` all that watches.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { createRunKey } from '../../src/kernel/audit-chain.ts';
import { NODE_FLAGS } from '../../src/lib/node-flags.ts';
import { startService } from '../../test/support/running-service.ts';
import { benchRecord } from './bench-record.ts';
import { fillLedger } from './fill-ledger.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    callers: { type: 'string', default: '64' },
    batch: { type: 'string', default: '1' },
    without: { type: 'string', default: 'ledger' },
  },
});
const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const PARTS = { ledger: './without-ledger.ts', watch: './without-watch.ts' };
const part = values.without === 'watch' ? 'watch' : 'ledger';
const WITHOUT = ['--import', pathOf(PARTS[part])];

interface Round {
  /** Tokens a second. */
  readonly rate: number;
  readonly cpuUs: number;
}

const service = await startService();
try {
  const { sign } = await service.provision({ id: 'payments' });
  await service.stop();
  const port = await freePort();
  configure(service.configFile, port);
  const rounds = { without: [] as Round[], with: [] as Round[] };
  for (let round = 0; round < Number(values.rounds); round++) {
    // By turns first and second: a machine that becomes busier would favour the first.
    for (const how of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
      rounds[how].push(await measure(port, sign, how === 'with' ? [] : WITHOUT));
    }
  }
  report(rounds);
  if (Number(values.rows) > 0) await measureFull(port, sign, median(rounds.with, 'rate'));
} finally {
  await service.remove();
}

async function measureFull(port: number, sign: string, empty: number): Promise<void> {
  const file = join(service.hsm.folder, 'keyward.db');
  const filled = fillLedger(file, Number(values.rows), 64, createRunKey(0), benchRecord);
  console.log(`${values.rows} rows: ${filled.bytesARow} bytes a row, filled in ${filled.seconds} s`);
  const full: Round[] = [];
  for (let round = 0; round < Number(values.rounds); round++) full.push(await measure(port, sign, []));
  console.log(
    `ledger of ${values.rows} rows: ${median(full, 'rate').toFixed(0)} tokens/s, ${percent(median(full, 'rate'), empty)} of empty`,
  );
}

async function measure(port: number, sign: string, nodeOptions: readonly string[]): Promise<Round> {
  const front = await start(port, nodeOptions);
  try {
    const path = Number(values.batch) === 1 ? 'tokens' : 'tokens/batch';
    const url = `http://127.0.0.1:${port}/v1/scopes/payments/${path}`;
    const argv = [
      pathOf('./load.ts'),
      url,
      sign,
      values.callers,
      values.seconds,
      values.batch,
      String(front.pid),
    ];
    const { stdout } = await run(process.execPath, argv);
    const { rate, cpuUs, refused } = JSON.parse(stdout) as { rate: number; cpuUs: number; refused: number };
    if (refused > 0) throw new Error(`${refused} requests were refused`);
    console.log(
      `${nodeOptions.length > 0 ? 'without' : 'with'} ${part}: ${rate.toFixed(0)} tokens/s, ${cpuUs.toFixed(1)} us CPU a token`,
    );
    return { rate, cpuUs };
  } finally {
    front.kill('SIGTERM');
    await once(front, 'close');
    if (nodeOptions.length === 0) console.log(`  ${recordsAGroup().toFixed(1)} records a commit so far`);
  }
}

function recordsAGroup(): number {
  const db = new DatabaseSync(join(service.hsm.folder, 'keyward.db'), { readOnly: true });
  const row = db.prepare('SELECT avg(row_count) AS mean FROM ledger_groups').get();
  db.close();
  return Number(row?.mean ?? 0);
}

async function start(port: number, nodeOptions: readonly string[]): Promise<ChildProcess> {
  const cli = pathOf('../../src/cli/main.ts');
  const argv = [...NODE_FLAGS, ...nodeOptions, cli, 'serve', '--config', service.configFile];
  const front = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = performance.now() + 60_000;
  while (!(await answers(port))) {
    if (performance.now() > deadline || front.exitCode !== null) throw new Error('the service did not start');
    await pause(100);
  }
  return front;
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** A line a request would be measured too, and limits are not what is asked here. */
function configure(file: string, port: number): void {
  const config = parse(readFileSync(file, 'utf8'));
  config.data_plane.port = port;
  config.log = { level: 'warn' };
  config.notifications = { targets: { siem: { type: 'file', file: 'events.jsonl' } } };
  config.limits = { client_requests_per_second: 1_000_000 };
  writeFileSync(file, stringify(config));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function report(rounds: Readonly<Record<'without' | 'with', readonly Round[]>>): void {
  const [rates, costs] = (['rate', 'cpuUs'] as const).map((of) => [
    median(rounds.without, of),
    median(rounds.with, of),
  ]) as [[number, number], [number, number]];
  console.log(
    `median: ${rates[1].toFixed(0)} of ${rates[0].toFixed(0)} tokens/s, ${percent(rates[1], rates[0])}`,
  );
  console.log(`median: ${costs[1].toFixed(1)} and ${costs[0].toFixed(1)} us CPU a token`);
  // What the rate would be were there nothing but these processes.
  console.log(`by CPU: ${percent(costs[0], costs[1])}`);
}

function median(rounds: readonly Round[], of: keyof Round): number {
  return rounds.map((round) => round[of]).toSorted((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
