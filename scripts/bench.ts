// npm run bench: measures the service beside a peer without its guarantees and the bare HSM, all in one run, and writes
// the figures into docs/performance.md: figures of different runs or machines do not compare, their ratios do.
import { parseArgs } from 'node:util';
import { cellsOf, FULL, SHORT } from './benchmark/cells.ts';
import { describeCores, describeMachine, loadOfOthers } from './benchmark/machine.ts';
import { writePage } from './benchmark/page.ts';
import { showProgress } from './benchmark/progress.ts';
import { type Ratio, ratiosOf } from './benchmark/ratios.ts';
import { fallenRatios, readRecorded, recordRatios } from './benchmark/recorded.ts';
import { runRounds, Samples } from './benchmark/rounds.ts';
import { setStage } from './benchmark/stage.ts';

const HELP = `Usage: npm run bench [-- --short]

Some ten minutes on two cores; writes docs/performance.md and docs/performance.json.

  --short   about a minute: compares ratios with docs/performance.json, warns of each that fell by more than 15 %,
            and writes nothing
`;

const { values: options } = parseArgs({
  options: { short: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});

if (options.help) process.stdout.write(HELP);
else await main(options.short);

async function main(isShort: boolean): Promise<void> {
  const extent = isShort ? SHORT : FULL;
  const samples = new Samples();
  const say = (step: string) => process.stderr.write(`${step}\n`);
  const load = loadOfOthers(say);
  const stage = await setStage(extent.slow.length > 0, say);
  process.once('SIGINT', () => void stage.stop().then(() => process.exit(130)));
  try {
    const cells = await cellsOf(stage, extent, samples);
    await runRounds(cells, extent.rounds, samples, showProgress(extent.rounds));
    const failures = samples.failures();
    if (Object.keys(failures).length > 0) console.warn('failed requests:', failures);
    const ratios = ratiosOf(samples);
    console.table(
      ratios.map(({ name, value, byCpu, goal }) => ({
        ratio: name,
        is: value.toFixed(2),
        'by CPU time': byCpu?.toFixed(2) ?? '',
        goal: goal ?? '',
      })),
    );
    if (isShort) {
      compare(ratios);
      return;
    }
    const machine = describeMachine(stage.bao?.version, load);
    const { idle } = stage;
    writePage({ machine, samples, ratios, idle, busy: stage.memory() });
    recordRatios(machine, ratios);
    console.log('written: docs/performance.md, docs/performance.json');
  } finally {
    await stage.stop();
  }
}

function compare(ratios: readonly Ratio[]): void {
  const recorded = readRecorded();
  const { machine } = recorded.measured;
  if (machine !== describeCores()) console.log(`what follows compares with another machine: ${machine}`);
  const fallen = fallenRatios(ratios, recorded);
  for (const ratio of fallen) console.log(`WARNING: ${ratio}`);
  if (fallen.length === 0) console.log('no ratio fell by more than 15 %');
}
