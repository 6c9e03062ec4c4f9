// The last line of ./scripts/test, from vitest's own report: `N passed, N failed`, and `, N skipped` where some were.
import { readFileSync } from 'node:fs';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/** A file that cannot be loaded, or made ready, has no test in it that could have failed. */
function summarise(report: Report): { line: string; failed: number } {
  const unready = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length;
  const failed = report.numFailedTests + unready;
  const skipped = report.numPendingTests + report.numTodoTests;
  const counts = [`${report.numPassedTests} passed`, `${failed} failed`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  return { line: counts.join(', '), failed };
}

const text = readFileSync(process.argv[2] ?? '', 'utf8');
if (text === '') {
  console.error('vitest left no report');
  process.exit(1);
}
const { line, failed } = summarise(JSON.parse(text) as Report);
console.log(line);
process.exitCode = failed > 0 ? 1 : 0;
