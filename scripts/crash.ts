// npm run crash: what the service let go before it was killed must be in its database afterwards.
import { type Bench, prepareBench } from './crash/bench.ts';
import type { Figures } from './crash/figures.ts';
import { type Options, readOptions, USAGE } from './crash/options.ts';
import { crash } from './crash/run.ts';
import { optionsOrUsage } from './lib/options-or-usage.ts';

const KILLS_A_LINE = 100;
const EXIT = { found: 1, interrupted: 130 };

/** On a terminal, one line that is written over; elsewhere one now and then. */
function report({ kills, progress }: Figures): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${progress}`);
  else if (kills % KILLS_A_LINE === 0) console.log(progress);
}

async function run(bench: Bench, options: Options): Promise<void> {
  const { kills, target, forget, seed } = options;
  console.log(`${kills} kills of ${target}${forget ? ', forgetting what was not synced' : ''}, seed ${seed}`);
  const figures = await crash(bench, options, report);
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  for (const line of figures.lines()) console.log(line);
  if (figures.findings === 0) bench.remove();
  else {
    console.log(`the database is left in ${bench.folder}`);
    process.exitCode = EXIT.found;
  }
}

const options = optionsOrUsage(readOptions, USAGE);
if (options.help) console.log(USAGE);
else {
  const bench = await prepareBench();
  process.once('SIGINT', () => {
    bench.remove();
    process.exit(EXIT.interrupted);
  });
  await run(bench, options);
}
