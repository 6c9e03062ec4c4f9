// npm run move-a-month: a month of a service is moved to PostgreSQL and back, and verifiers notice no more than a
// reconnect.
import { plainPage, table } from '../src/cli/table.ts';
import { optionsOrUsage } from './lib/options-or-usage.ts';
import { readOptions, USAGE } from './move-a-month/options.ts';
import { moveAMonth, type Played } from './move-a-month/run.ts';

const FOUND_EXIT = 1;

function print({ steps, stops, verifications, problems, violations, findings }: Played): void {
  const rows = steps.map(({ step, seconds, rows, copied }) => [
    step,
    seconds.toFixed(1),
    String(rows),
    String(copied),
  ]);
  console.log(table(['step', 'seconds', 'rows', 'written'], rows, plainPage(false)));
  console.log(`\nnobody served for ${stops.map((stop) => `${stop.toFixed(1)} s`).join(' and ')}`);
  console.log(`${verifications} verifications; told meanwhile: ${JSON.stringify(problems)}`);
  for (const violation of violations) console.log(`violation: ${violation}`);
  for (const finding of findings) console.log(`finding: ${JSON.stringify(finding)}`);
  console.log(`${violations.length} violations, ${findings.length} findings`);
}

const options = optionsOrUsage(readOptions, USAGE);
if (options.help) console.log(USAGE);
else {
  const { records, days, verifiers, seed } = options;
  if (!options.json) console.log(`${records} records, ${days} days, ${verifiers} verifiers, seed ${seed}\n`);
  const played = await moveAMonth(options, (what) => console.error(what));
  if (options.json) console.log(JSON.stringify({ records, days, verifiers, seed, ...played }));
  else print(played);
  if (played.violations.length + played.findings.length > 0) process.exitCode = FOUND_EXIT;
}
