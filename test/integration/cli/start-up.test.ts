import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';

const COMMAND_LINE = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const WATCHED = new URL('../../support/loaded-packages.ts', import.meta.url).href;

function packagesOf(...argv: string[]): readonly string[] {
  const { stderr } = spawnSync(process.execPath, ['--import', WATCHED, COMMAND_LINE, ...argv], {
    encoding: 'utf8',
    env: {},
  });
  return JSON.parse(stderr.slice(stderr.lastIndexOf('[')));
}

it('help loads nothing but the reader of command lines', () => {
  expect(packagesOf('--help')).toEqual(['commander']);
  expect(packagesOf('plan', '--help')).toEqual(['commander']);
});

it('what reads a file loads what that takes, and nothing of the service', () => {
  const [operator, file] = [join(folderOfTest(), 'operator'), join(folderOfTest(), 'scopes.yaml')];
  writeFileSync(operator, 'kw_ops_of_a_test\norigin http://127.0.0.1:9\n', { mode: 0o600 });
  writeFileSync(file, '- nothing');
  expect(
    packagesOf('plan', '-f', file, '--credential-file', operator, '--url', 'http://127.0.0.1:9'),
  ).toEqual(['ansi-regex', 'commander', 'get-east-asian-width', 'string-width', 'strip-ansi', 'yaml', 'zod']);
});
