import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const program = fileURLToPath(new URL('../../../scripts/test-summary.ts', import.meta.url));
const folder = temporaryFolder();
afterAll(() => folder.remove());

function summarise(report: object | string): { line: string; code: number | null } {
  const file = join(folder.path, 'report.json');
  writeFileSync(file, typeof report === 'string' ? report : JSON.stringify(report));
  const { stdout, status } = spawnSync(process.execPath, [program, file], { encoding: 'utf8' });
  return { line: stdout, code: status };
}

const counts = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

describe('the last line of ./scripts/test', () => {
  it('counts what passed and failed', () => {
    expect(summarise(counts)).toEqual({ line: '7 passed, 0 failed\n', code: 0 });
    expect(summarise({ ...counts, numFailedTests: 2 })).toEqual({ line: '7 passed, 2 failed\n', code: 1 });
  });

  it('names what was skipped', () => {
    expect(summarise({ ...counts, numPendingTests: 3 })).toEqual({
      line: '7 passed, 0 failed, 3 skipped\n',
      code: 0,
    });
  });

  it('counts a file that could not be loaded as failed', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }];
    expect(summarise({ ...counts, testResults })).toEqual({ line: '7 passed, 1 failed\n', code: 1 });
  });

  it('counts a file whose tests could not begin as failed', () => {
    const testResults = [
      { status: 'failed', assertionResults: [{ status: 'skipped' }] },
      { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] },
    ];
    const report = { ...counts, numFailedTests: 1, numPendingTests: 1, testResults };
    expect(summarise(report)).toEqual({ line: '7 passed, 2 failed, 1 skipped\n', code: 1 });
  });

  it('is missing, and the run failed, when vitest left no report', () => {
    expect(summarise('')).toEqual({ line: '', code: 1 });
  });
});
