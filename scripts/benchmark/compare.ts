// Issuing and verifying in turn with a peer that has its key in memory, for one checkout or several.
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './median.ts';
import { type Party, startKeyward, startPeer } from './parties.ts';
import { type Costs, residentMiB, total, watchThreads } from './threads.ts';
import { demandValid, issueTokens } from './tokens.ts';
import { CLAIMS, runWrk } from './wrk.ts';

const HELP = `Usage: node scripts/benchmark/compare.ts [options] [CHECKOUT …]

Tokens a second, ratio to Express 5 + jose, and µs of CPU a token by thread; medians of rounds in turn. Default: this
checkout. Each checkout needs its dependencies, and runs over a SoftHSM token of its own.

  --what issue,verify        one or both
  --connections 1,4,16,64
  --rounds 5
  --seconds 3                of each measurement
  --algorithm ES256
  --tokens 2000              different ones to verify, made anew each round
  --json                     the medians as JSON
`;
const OWN = fileURLToPath(new URL('../..', import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    what: { type: 'string', default: 'issue,verify' },
    connections: { type: 'string', default: '1,4,16,64' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    algorithm: { type: 'string', default: 'ES256' },
    tokens: { type: 'string', default: '2000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

interface Round {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly ratio: number;
  /** What a request costs the peer, to what it costs here: steadier than `ratio` on a busy machine. */
  readonly cpuRatio: number;
  /** Of one request. */
  readonly costs: Costs;
}

const seconds = Number(options.seconds);
const connectionCounts = options.connections.split(',').map(Number);
const kinds = (['issue', 'verify'] as const).filter((kind) => options.what.split(',').includes(kind));
const rounds = new Map<string, Round[]>();

if (options.help) process.stdout.write(HELP);
else await main(positionals.length > 0 ? positionals : [OWN]);

async function main(checkouts: readonly string[]): Promise<void> {
  const scope = { id: 'payments', algorithm: options.algorithm };
  const parties: Party[] = [];
  try {
    for (const checkout of checkouts) {
      parties.push(await startKeyward(basename(resolve(checkout)), checkout, scope));
    }
    const [first] = parties;
    if (first) parties.unshift(await startPeer(scope, first));
    await measure(parties);
    report(parties);
  } finally {
    for (const party of parties.toReversed()) await party.stop();
  }
}

async function measure(parties: readonly Party[]): Promise<void> {
  for (const party of parties) {
    const bodies = await bodiesFor('verify', party);
    await runWrk({ ...party.issue, seconds: 2, connections: 64, bodies: [CLAIMS] });
    await runWrk({ ...party.verify, seconds: 1, connections: 64, bodies });
  }
  for (let round = 1; round <= Number(options.rounds); round++) {
    const [first, ...others] = parties;
    const order = round % 2 === 0 ? others.toReversed() : others;
    for (const kind of kinds) await measureRound(kind, [first as Party, ...order]);
    process.stderr.write(`round ${round} of ${options.rounds}\n`);
  }
}

/** All with one number of connections before the next number, so that what is compared is seconds apart. */
async function measureRound(kind: 'issue' | 'verify', parties: readonly Party[]): Promise<void> {
  const loads = await Promise.all(
    parties.map(async (party) => ({ party, bodies: await bodiesFor(kind, party) })),
  );
  for (const connections of connectionCounts) {
    let peer = { perSecond: Number.NaN, cpuUs: Number.NaN };
    for (const { party, bodies } of loads) {
      const spent = watchThreads(party.processes());
      const { requests, perSecond, p99Ms, failed } = await runWrk({
        ...party[kind],
        seconds,
        connections,
        bodies,
      });
      if (failed > 0) throw new Error(`${party.name}: ${failed} requests failed`);
      const costs = each(spent(), requests);
      const cpuUs = total(costs);
      if (party === parties[0]) peer = { perSecond, cpuUs };
      const key = `${kind} ${connections} ${party.name}`;
      const [ratio, cpuRatio] = [perSecond / peer.perSecond, peer.cpuUs / cpuUs];
      rounds.set(key, [...(rounds.get(key) ?? []), { perSecond, p99Ms, ratio, cpuRatio, costs }]);
    }
  }
}

async function bodiesFor(kind: 'issue' | 'verify', party: Party) {
  if (kind === 'issue') return [CLAIMS];
  const tokens = await issueTokens(party.issuer ?? party, Number(options.tokens));
  await demandValid(party, tokens[0] ?? '');
  return tokens.map((token) => JSON.stringify({ token }));
}

function each(costs: Costs, count: number): Costs {
  return Object.fromEntries(
    Object.entries(costs).map(([name, { cpuUs, wakeUps }]) => [
      name,
      { cpuUs: cpuUs / count, wakeUps: wakeUps / count },
    ]),
  );
}

function report(parties: readonly Party[]): void {
  const rows = kinds.flatMap((kind) =>
    connectionCounts.flatMap((connections) =>
      parties.map(({ name }) => {
        const all = rounds.get(`${kind} ${connections} ${name}`) ?? [];
        const of = (value: (round: Round) => number) => median(all.map(value));
        const threads = [...new Set(all.flatMap(({ costs }) => Object.keys(costs)))];
        const byThread = Object.fromEntries(
          threads.map((thread) => [thread, of(({ costs }) => costs[thread]?.cpuUs ?? 0)]),
        );
        return {
          what: kind,
          connections,
          name,
          perSecond: of(({ perSecond }) => perSecond),
          ratio: of(({ ratio }) => ratio),
          cpuRatio: of(({ cpuRatio }) => cpuRatio),
          p99Ms: of(({ p99Ms }) => p99Ms),
          cpuUs: of(({ costs }) => total(costs)),
          wakeUps: of(({ costs }) => total(costs, 'wakeUps')),
          byThread,
        };
      }),
    ),
  );
  if (options.json) {
    console.log(JSON.stringify(rows));
    return;
  }
  console.table(
    rows.map(({ perSecond, ratio, cpuRatio, p99Ms, cpuUs, wakeUps, byThread: _, ...row }) => ({
      ...row,
      'a second': Math.round(perSecond),
      ratio: ratio.toFixed(2),
      'CPU ratio': cpuRatio.toFixed(2),
      'p99 ms': p99Ms.toFixed(1),
      'µs CPU each': Math.round(cpuUs),
      'wake-ups each': wakeUps.toFixed(1),
    })),
  );
  for (const { what, connections, name, byThread } of rows) {
    const parts = Object.entries(byThread)
      .filter(([, cpuUs]) => cpuUs >= 1)
      .toSorted(([, a], [, b]) => b - a);
    console.log(
      `${what}, ${connections}, ${name}: ${parts.map(([thread, us]) => `${thread} ${Math.round(us)}`).join(', ')}`,
    );
  }
  for (const { name, processes } of parties) {
    const memory = Object.entries(processes()).map(
      ([program, pid]) => `${program} ${Math.round(residentMiB(pid))} MiB`,
    );
    console.log(`resident, ${name}: ${memory.join(', ')}`);
  }
}
