// npm run interop: stock libraries against a service of its own. Each reads a token of each algorithm, and one of
// another scope; those that can introspect, revoke and discover. Ends with 1 where one takes what it must not, or the
// table in docs/verify-anywhere.md says otherwise.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libraries } from './interop/libraries.ts';
import { openBench } from './interop/task.ts';
import { COLUMNS, type Row, tryLibrary, WRONG } from './interop/try-library.ts';

const PAGE = new URL('../docs/verify-anywhere.md', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'keyward-interop-'));
const bench = await openBench();
const page = readFileSync(PAGE, 'utf8');
const faults: string[] = [];
try {
  print(COLUMNS);
  print(COLUMNS.map(() => '---'));
  const missing: string[] = [];
  for (const library of libraries(folder)) {
    if (library.missing !== undefined) {
      missing.push(`${library.name}: not here, for want of ${library.missing}`);
      continue;
    }
    const row = await tryLibrary(library, bench);
    print(row);
    if (row.includes(WRONG)) faults.push(`${row[0]} takes a token of another scope`);
    if (!isDocumented(row)) faults.push(`${row[0]}: docs/verify-anywhere.md has no such line`);
  }
  for (const line of [...missing, ...faults]) console.log(line);
} finally {
  await bench.close();
  rmSync(folder, { recursive: true });
}
process.exitCode = faults.length > 0 ? 1 : 0;

function print(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

/** Whatever version it is of. */
function isDocumented([library, ...cells]: Row): boolean {
  const name = library.split(' ', 1).join('');
  const line = page
    .split('\n')
    .find((each) => each.startsWith(`| ${name} `) && each.includes(cells.join(' | ')));
  return line !== undefined;
}
