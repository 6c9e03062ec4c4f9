// npm run tamper: everything that somebody with write access to the database can do to it, and what finds it. Ends
// with 1 where nothing does.
import { parseArgs } from 'node:util';
import { type Cell as Column, table as drawTable, plainPage } from '../src/cli/table.ts';
import { lettersOf } from '../test/support/tamper/letters.ts';
import { liveOnce } from '../test/support/tamper/life.ts';
import { KINDS } from '../test/support/tamper/manipulations.ts';
import {
  type Cell,
  cellsOf,
  isMissed,
  MODES,
  openBench,
  tablesOf,
  type Verdict,
} from '../test/support/tamper/matrix.ts';
import { pairwise } from '../test/support/tamper/selection.ts';
import { STATES } from '../test/support/tamper/service-cell.ts';

/** When a service is started: where `audit verify` finds nothing; also for the cells of CI; always. */
const STARTS = ['needed', 'sampled', 'all'] as const;

const USAGE = `usage: npm run tamper -- [options]

  --table NAME     only this table; may be given more than once
  --kind KIND      only this manipulation: ${KINDS.join(', ')}
  --state STATE    only this state: ${STATES.join(', ')}
  --starts HOW     when a service is started: needed (audit verify finds nothing),
                   sampled (also for cells in which any two of table, manipulation, state
                   and mode meet), all; default: sampled
  --jobs N         services at a time (default 3): most of the time is waiting
  --json           one line of JSON for each cell`;

/** Some of what a service does from time to time goes by the clock: every minute. */
const PATIENCE_MS = 75_000;

const { values } = parseArgs({
  options: {
    table: { type: 'string', multiple: true, default: [] },
    kind: { type: 'string', multiple: true, default: [] },
    state: { type: 'string', multiple: true, default: [] },
    starts: { type: 'string', default: 'sampled' },
    jobs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(USAGE);
else if (STARTS.some((each) => each === values.starts) && /^[1-9]\d?$/.test(values.jobs)) await run();
else {
  console.error(USAGE);
  process.exitCode = 2;
}

async function run(): Promise<void> {
  report('a service lives a life …');
  const life = await liveOnce();
  const benches = Array.from({ length: Number(values.jobs) }, () => openBench(life, PATIENCE_MS));
  try {
    const cells = tablesOf(life).flatMap((table) => cellsOf(life, table));
    const wanted = cells.filter(isWanted);
    const verdicts: Verdict[] = [];
    const queue = wanted.values();
    const sample = new Set(values.starts === 'sampled' ? pairwise(wanted).map(([first]) => first) : []);
    const work = async (bench: (typeof benches)[number]) => {
      for (const cell of queue) {
        const verdict = await bench.play(cell, values.starts === 'all' || sample.has(cell));
        verdicts.push(verdict);
        if (values.json) console.log(JSON.stringify({ ...verdict, missed: isMissed(verdict) }));
        report(`${verdicts.length} of ${wanted.length}: ${cell.name}`);
      }
    };
    await Promise.all(benches.map(work));
    if (!values.json) print(verdicts);
    if (verdicts.some(isMissed)) process.exitCode = 1;
  } finally {
    for (const bench of benches) await bench.remove();
    life.remove();
  }
}

function isWanted({ table, kind, state }: Cell): boolean {
  const among = (given: readonly string[], value: string) => given.length === 0 || given.includes(value);
  return among(values.table, table) && among(values.kind, kind) && among(values.state, state);
}

/** On a terminal, one line that is written over. */
function report(progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${progress.slice(0, 79)}`);
}

function print(verdicts: readonly Verdict[]): void {
  report('');
  const headings = ['done to it', ...STATES.flatMap((state) => [state, 're-hash'])];
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  for (const [name, ofTable] of Map.groupBy(verdicts, ({ table }) => table)) {
    const lines = Map.groupBy(ofTable, ({ kind }) => kind);
    const rows = [...lines].map(([kind, of]) => [kind, ...columnsOf(of)]);
    console.log(`\n${name}\n${drawTable(headings, rows, plainPage(colour))}`);
  }
  const missed = verdicts.filter(isMissed);
  console.log(`\n${verdicts.length} cells, ${missed.length} of them missed`);
  for (const { name, state, mode, harm } of missed)
    console.log(`missed: ${name} (${state}, ${mode})${harm ? `: ${harm}` : ''}`);
}

function columnsOf(of: readonly Verdict[]): Column[] {
  return STATES.flatMap((state) =>
    MODES.map((mode) => lettersOf(of.filter((each) => each.state === state && each.mode === mode))),
  );
}
