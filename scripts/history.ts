// npm run history: whatever breaks, the service keeps its word to its clients.
import { PROPERTIES } from './history/check.ts';
import { chosenFaults, describeFaults } from './history/faults.ts';
import { type Options, readOptions, USAGE } from './history/options.ts';
import { promotions } from './history/promotions.ts';
import { type Played, run } from './history/run.ts';
import { playSeeded } from './history/seeded.ts';
import { tableOf } from './history/table.ts';
import { optionsOrUsage } from './lib/options-or-usage.ts';

const FOUND_EXIT = 1;
const MOST_TOLD = 5;

function read(argv: readonly string[]) {
  const options = readOptions(argv);
  const faults = chosenFaults(options.engine, options.faults, options.fronts);
  if (options.promotions === 0) return { options, faults };
  const { rounds, faults: series } = promotions(options.promotions);
  return { options: { ...options, rounds }, faults: series };
}

function report({ fault, round, seconds, ended, violations }: Played): void {
  console.log(`round ${round}  ${fault}  ${seconds.toFixed(0)} s  ${violations.length || 'no'} violations`);
  for (const { front, phase, why } of ended.slice(0, MOST_TOLD))
    console.log(`  ${front} ended while ${phase}: ${why}`);
  for (const { property, detail } of violations.slice(0, MOST_TOLD))
    console.log(`  ${property} (${PROPERTIES[property]}): ${detail}`);
}

async function play(
  { engine, fronts, rounds, seed, json }: Options,
  faults: ReturnType<typeof chosenFaults>,
): Promise<void> {
  const how = fronts === 1 ? engine : `${engine}, ${fronts} fronts`;
  if (!json) console.log(`${how}, ${rounds} rounds of ${faults.length} faults, seed ${seed}`);
  const options = { engine, fronts, rounds, seed };
  const { played, omitted, folder } = await run(options, faults, json ? undefined : report);
  if (json) console.log(JSON.stringify({ engine, fronts, seed, played, omitted, folder }));
  else console.log(`\n${tableOf(played)}\n\n${firstTokens(played)}histories: ${folder}`);
  for (const fault of omitted) console.error(`${fault} was left out: no file system can be mounted here`);
  if (played.some(({ violations }) => violations.length > 0)) process.exitCode = FOUND_EXIT;
}

function firstTokens(played: readonly Played[]): string {
  const times = played.flatMap(({ firstTokensMs }) => firstTokensMs).sort((a, b) => a - b);
  if (times.length === 0) return '';
  const at = (part: number) => `${((times[Math.ceil(part * times.length) - 1] ?? 0) / 1_000).toFixed(2)} s`;
  return `first token after ${times.length} promotions: median ${at(0.5)}, p99 ${at(0.99)}, last ${at(1)}\n\n`;
}

/** Each is found, but for what another line of defence hides. */
async function playOwn(options: Options): Promise<void> {
  console.log(`faults of the service itself, seed ${options.seed}`);
  const all = await playSeeded(options, ({ name, seed, histories, faults, violations, hidden }) => {
    const counts = Object.entries(violations).map(([property, count]) => `${property}: ${count}`);
    const verdict = counts.length > 0 ? `found by ${counts.join(', ')}` : `not found (${hidden ?? 'MISSED'})`;
    console.log(`${name}  ${faults.join(', ')}  ${verdict}  history ${histories}, seed ${seed}`);
  });
  const isMissed = all.some(({ violations, hidden }) => Object.keys(violations).length === 0 && !hidden);
  if (isMissed) process.exitCode = FOUND_EXIT;
}

const { options, faults } = optionsOrUsage(read, USAGE);
if (options.help) console.log(`${USAGE}\n\nFaults:\n${describeFaults()}`);
else if (options.seeded) await playOwn(options);
else await play(options, faults);
