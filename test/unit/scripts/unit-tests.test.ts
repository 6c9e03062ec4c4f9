import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** What opens a database, or starts a process. */
const SLOW =
  /from '(?:node:child_process|.*\/support\/(?:open-test-\w+|running-service|softhsm|program)\.ts)'/;

it('unit tests open no database and start no process: those stand in test/integration', () => {
  const slow = (pattern: string) =>
    globSync(pattern, { cwd: ROOT }).filter((file) => SLOW.test(readFileSync(`${ROOT}/${file}`, 'utf8')));
  expect(slow('test/unit/**/*.test.ts')).toEqual([]);
  expect(slow('test/integration/*/**/*.test.ts')).not.toEqual([]);
});
