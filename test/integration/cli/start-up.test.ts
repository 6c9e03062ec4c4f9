import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';

const COMMAND_LINE = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
/** What is loaded is the same, sooner. */
const { NODE_COMPILE_CACHE = '' } = process.env;
const WATCHED = new URL('../../support/loaded-packages.ts', import.meta.url).href;

function packagesOf(...argv: string[]): readonly string[] {
  const { stderr } = spawnSync(process.execPath, ['--import', WATCHED, COMMAND_LINE, ...argv], {
    encoding: 'utf8',
    env: { NODE_COMPILE_CACHE },
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

it('what reads the database loads no server, which the service does', () => {
  const config = join(folderOfTest(), 'missing.yaml');
  expect(packagesOf('audit', 'verify', '--config', config)).not.toContain('express');
  expect(packagesOf('init', '--config', config)).not.toContain('express');
  const served = packagesOf('serve', '--config', config);
  expect(served).toContain('express');
  expect(served).not.toContain('string-width');
});
