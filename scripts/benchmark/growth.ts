// What it costs that there are more scopes, clients or event streams.
import { parseArgs } from 'node:util';
import { DIMENSIONS, type Dimension, type DimensionName } from './growth/dimensions.ts';
import { type Large, type Row, round, secondsSince, startOne } from './growth/large.ts';
import { cellName, type Kind, loadCells, warmUp } from './load-cells.ts';
import { usageOf } from './process-usage.ts';
import { runRounds, Samples } from './rounds.ts';
import { startSyncedPostgres } from './synced-postgres.ts';

const HELP = `Usage: npm run growth -- [options]

Fills a service over SoftHSM with ever more of something, and measures it at each size, in turn with a service that has
one scope. Without sizes, all three are measured: about half an hour.

  --scopes 10,100,300,1000     sizes, each greater than the one before
  --clients 10,100,1000,10000
  --streams 10,100,1000,3000   open streams of events
  --seconds 3                  of load in each round, issuing and verifying; 0 for none
  --starts 3                   of both services at each size: one process is faster than the next, for its whole life
  --rounds 5                   of load at each start
  --tokens 1                   SoftHSM tokens that hold the scopes in turn
  --postgres                   on PostgreSQL with a synchronous standby
  --json                       the figures as one line of JSON
`;
const { values } = parseArgs({
  options: {
    scopes: { type: 'string' },
    clients: { type: 'string' },
    streams: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    starts: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '1' },
    postgres: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const NAMES = Object.keys(DIMENSIONS) as DimensionName[];
const KINDS = ['issue', 'verify'] as const;
const CONNECTIONS = 64;
/** How many different ones are verified. */
const TOKENS = 2_000;
const PROGRESS_MS = 10_000;
const BAR = 40;

interface Compared {
  readonly large: Large;
  readonly small: Large;
  readonly dimension: Dimension;
}

type Rows = readonly (Row & { readonly size: number })[];

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  const asked = NAMES.filter((name) => values[name] !== undefined);
  const sizes = (asked.length > 0 ? asked : NAMES).map((name) => [name, sizesOf(name)] as const);
  const grown: Partial<Record<DimensionName, Rows>> = {};
  for (const [name, each] of sizes) {
    grown[name] = await growthOf(name, each);
    if (!values.json) print(name, grown[name]);
  }
  if (values.json) console.log(JSON.stringify(grown));
}

function sizesOf(name: DimensionName): readonly number[] {
  const given = values[name]?.split(',').map(Number) ?? DIMENSIONS[name].sizes;
  if (given.every((size, at) => Number.isSafeInteger(size) && size > (given[at - 1] ?? 0))) return given;
  throw new Error(`--${name} takes whole numbers that grow, such as 10,100,1000`);
}

async function growthOf(name: DimensionName, sizes: readonly number[]): Promise<Rows> {
  const dimension: Dimension = DIMENSIONS[name];
  const postgres = values.postgres ? await startSyncedPostgres() : undefined;
  const small = await startOne('small', { postgres, tokens: 1 });
  const large = await startOne('large', { postgres, tokens: Number(values.tokens) });
  try {
    const rows: Row[] = [];
    // Each service has a scope, and clients of it.
    let made = name === 'scopes' ? 1 : 0;
    for (const size of sizes) {
      const added = await fill(large, dimension, { name, from: made, to: size });
      made = size;
      const measured = await dimension.measure(large);
      rows.push({ size, ...added, ...measured, ...(await load({ large, small, dimension })) });
    }
    return rows as unknown as Rows;
  } finally {
    dimension.stop?.();
    for (const each of [large, small]) await each.remove();
    await postgres?.stop();
  }
}

async function fill(
  large: Large,
  { add }: Dimension,
  { name, from, to }: { readonly name: string; readonly from: number; readonly to: number },
): Promise<Row> {
  const secondsOf = (pid: number) => usageOf(pid).seconds;
  const spent = () => {
    const { front, signers } = large.processes();
    return [secondsOf(front), signers.map(secondsOf).reduce((sum, each) => sum + each, 0)];
  };
  const before = spent();
  const began = performance.now();
  let told = began;
  for (let n = from; n < to; n++) {
    await add(large, n);
    if (performance.now() - told < PROGRESS_MS) continue;
    told = performance.now();
    process.stderr.write(`${n + 1} ${name}, ${round((n + 1 - from) / secondsSince(began))} a second\n`);
  }
  const [front = 0, signer = 0] = spent().map((seconds, at) => seconds - (before[at] ?? 0));
  const count = Math.max(1, to - from);
  return {
    'made a second': round(count / secondsSince(began)),
    'front ms each': round((1_000 * front) / count),
    'signers ms each': round((1_000 * signer) / count),
  };
}

/** Beside its own figures their ratio to those of the small service, measured in the same minute. */
async function load({ large, small, dimension }: Compared): Promise<Row> {
  const effort = { seconds: Number(values.seconds), tokens: TOKENS };
  if (effort.seconds === 0) return {};
  const samples = new Samples();
  const starts = dimension.endsAtRestart ? 1 : Number(values.starts);
  for (let start = 0; start < starts; start++) {
    // Both run as long: code that was compiled for an hour's load is faster than that of a minute.
    for (const each of dimension.endsAtRestart ? [] : [large, small]) await each.restart();
    const parties = [large.party(), small.party()];
    for (const party of parties) await warmUp(party, TOKENS);
    const cells = KINDS.flatMap((kind) => loadCells(kind, [CONNECTIONS], parties, effort));
    await runRounds(cells, Number(values.rounds), samples, () => undefined);
    process.stderr.write(`start ${start + 1} of ${starts} measured\n`);
  }
  const failures = samples.failures();
  if (Object.keys(failures).length > 0) console.warn('failed requests:', failures);
  return Object.assign({}, ...KINDS.map((kind) => loadOf(samples, kind)));
}

function loadOf(samples: Samples, kind: Kind): Row {
  const [cell, ofSmall] = [cellName(kind, CONNECTIONS, 'large'), cellName(kind, CONNECTIONS, 'small')];
  return {
    [`${kind} a second`]: Math.round(samples.median(cell)),
    [`${kind} p99 ms`]: round(samples.median(cell, 'p99Ms')),
    [`${kind} us CPU`]: Math.round(samples.median(cell, 'cpuUs')),
    [`${kind} to small`]: round(samples.ratio(cell, ofSmall)),
    [`${kind} CPU to small`]: round(samples.ratio(cell, ofSmall, 'cpuUs')),
  };
}

/** A figure a line, since there are too many for a column each; and a bar for what most would ask about. */
function print(name: DimensionName, rows: Rows): void {
  const figures = Object.keys(rows.at(-1) ?? {}).filter((figure) => figure !== 'size');
  const lineOf = (figure: string) =>
    Object.fromEntries(rows.map(({ size, ...row }) => [`${size} ${name}`, row[figure]]));
  console.table(Object.fromEntries(figures.map((figure) => [figure, lineOf(figure)])));
  for (const figure of figures.filter((each) => each.endsWith('CPU to small'))) {
    for (const row of rows) {
      const value = row[figure] ?? 0;
      const bar = '█'.repeat(Math.max(1, Math.round((BAR * value) / 2)));
      console.log(`${figure}, ${row.size} ${name}`.padEnd(40), bar, value);
    }
  }
}
