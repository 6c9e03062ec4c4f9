// Issuing and verifying in turn with a peer that has its key in memory, for one checkout or several.
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OPEN, openCellName, openCells } from './ask-openly.ts';
import { cellName, loadCells, warmUp } from './load-cells.ts';
import { type Party, startKeyward, startKeywardOnPostgres, startPeer } from './parties.ts';
import { showProgress } from './progress.ts';
import { runRounds, Samples } from './rounds.ts';
import { residentMiB } from './threads.ts';

const HELP = `Usage: node scripts/benchmark/compare.ts [options] [CHECKOUT …]

Tokens a second, ratio to Express 5 + jose, and µs of CPU a token by thread; medians of rounds in turn. Default: this
checkout. Each checkout needs its dependencies, and runs over a SoftHSM token of its own.

  --what issue,verify        one or both
  --connections 1,4,16,64
  --rates 500,1500           issuing at these rates, too, whatever the answers do
  --rounds 5
  --seconds 3                of each measurement
  --algorithm ES256
  --tokens 2000              different ones to verify, made anew each round
  --postgres                 this checkout on PostgreSQL with a synchronous standby, too
  --json                     the medians as JSON

On a busy machine go by the processor time and its ratio: what the peer spends on a request, to what the checkout does.
`;
const OWN = fileURLToPath(new URL('../..', import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    what: { type: 'string', default: 'issue,verify' },
    connections: { type: 'string', default: '1,4,16,64' },
    rates: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    algorithm: { type: 'string', default: 'ES256' },
    tokens: { type: 'string', default: '2000' },
    postgres: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const connections = options.connections.split(',').map(Number);
const rates = options.rates.split(',').filter(Boolean).map(Number);
const kinds = (['issue', 'verify'] as const).filter((kind) => options.what.split(',').includes(kind));

if (options.help) process.stdout.write(HELP);
else await main(positionals.length > 0 ? positionals : [OWN]);

async function main(checkouts: readonly string[]): Promise<void> {
  const scope = { id: 'payments', algorithm: options.algorithm };
  const effort = { seconds: Number(options.seconds), tokens: Number(options.tokens) };
  const started: Party[] = [];
  try {
    for (const checkout of checkouts) {
      started.push(await startKeyward(basename(resolve(checkout)), checkout, scope));
    }
    if (options.postgres) started.push(await startKeywardOnPostgres('on PostgreSQL', scope));
    const peer = await startPeer(scope, started[0] as Party);
    started.push(peer);
    for (const party of started) await warmUp(party, effort.tokens);
    const samples = new Samples();
    const cells = [
      ...kinds.flatMap((kind) => loadCells(kind, connections, started, effort)),
      ...openCells(rates, started, effort.seconds),
    ];
    const rounds = Number(options.rounds);
    await runRounds(cells, rounds, samples, showProgress(rounds));
    const rows = [
      ...kinds.flatMap((kind) =>
        connections.map((count) => ({
          what: kind,
          load: count,
          cellOf: (name: string) => cellName(kind, count, name),
        })),
      ),
      ...rates.map((rate) => ({
        what: OPEN,
        load: rate,
        cellOf: (name: string) => openCellName(rate, name),
      })),
    ].flatMap(({ what, load, cellOf }) =>
      started.map(({ name }) => ({
        what,
        load,
        name,
        ...figuresOf(samples, cellOf(name), cellOf(peer.name)),
      })),
    );
    const failures = samples.failures();
    if (Object.keys(failures).length > 0) console.warn('failed requests:', failures);
    if (options.json) console.log(JSON.stringify(rows));
    else print(rows, started);
  } finally {
    for (const party of started.toReversed()) await party.stop();
  }
}

function figuresOf(samples: Samples, cell: string, ofPeer: string) {
  return {
    perSecond: samples.median(cell),
    ratio: samples.ratio(cell, ofPeer),
    cpuRatio: samples.ratio(ofPeer, cell, 'cpuUs'),
    p99Ms: samples.median(cell, 'p99Ms'),
    cpuUs: samples.median(cell, 'cpuUs'),
    wakeUps: samples.median(cell, 'wakeUps'),
    byThread: samples.byThread(cell),
  };
}

type Row = ReturnType<typeof figuresOf> & {
  readonly what: string;
  /** Connections, or tokens asked for a second. */
  readonly load: number;
  readonly name: string;
};

function print(rows: readonly Row[], parties: readonly Party[]): void {
  console.table(
    rows.map(({ what, load, name, perSecond, ratio, cpuRatio, p99Ms, cpuUs, wakeUps }) => ({
      what,
      load,
      name,
      'a second': Math.round(perSecond),
      ratio: ratio.toFixed(2),
      'CPU ratio': cpuRatio.toFixed(2),
      'p99 ms': p99Ms.toFixed(1),
      'µs CPU each': Math.round(cpuUs),
      'wake-ups each': wakeUps.toFixed(1),
    })),
  );
  for (const { what, load, name, byThread } of rows) {
    const parts = Object.entries(byThread)
      .filter(([, cpuUs]) => cpuUs >= 1)
      .toSorted(([, a], [, b]) => b - a)
      .map(([thread, cpuUs]) => `${thread} ${Math.round(cpuUs)}`);
    console.log(`${what}, ${load}, ${name}: ${parts.join(', ')}`);
  }
  for (const { name, processes } of parties) {
    const memory = Object.entries(processes()).map(
      ([program, pid]) => `${program} ${Math.round(residentMiB(pid))} MiB`,
    );
    console.log(`resident, ${name}: ${memory.join(', ')}`);
  }
}
