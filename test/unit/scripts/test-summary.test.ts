import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';

/** `files`: the states of the tests in each, as vitest reports them. */
function summary(files: readonly (readonly [file: string, tests: readonly string[]])[]) {
  const count = (status: string) =>
    files.flatMap(([, tests]) => tests).filter((each) => each === status).length;
  const report = join(folderOfTest(), 'report.json');
  writeFileSync(
    report,
    JSON.stringify({
      numPassedTests: count('passed'),
      numFailedTests: count('failed'),
      numPendingTests: count('skipped'),
      numTodoTests: 0,
      testResults: files.map(([status, tests]) => ({
        status,
        assertionResults: tests.map((each) => ({ status: each })),
      })),
    }),
  );
  const { stdout, status } = spawnSync(process.execPath, ['scripts/test-summary.ts', report], {
    encoding: 'utf8',
  });
  return [stdout.trim(), status];
}

it.each([
  ['all pass', [['passed', ['passed', 'skipped']]], '1 passed, 0 failed, 1 skipped', 0],
  ['a test fails', [['failed', ['passed', 'failed']]], '1 passed, 1 failed', 1],
  ['a file cannot be loaded', [['failed', []]], '0 passed, 1 failed', 1],
  ['a file cannot be made ready', [['failed', ['skipped']]], '0 passed, 1 failed, 1 skipped', 1],
] as const)('%s', (_, files, line, exitCode) => {
  expect(summary(files)).toEqual([line, exitCode]);
});
