import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCredential } from '../../../src/kernel/credential.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const HOOK = /in `\.git\/hooks\/pre-commit`:\n\n```sh\n(#!\/bin\/sh\n[^`]*)```/;
const MAIN = join(process.cwd(), 'src/cli/main.ts');

/** A repository with the hook that docs/scan.md shows, and the `keyward` of this tree on its PATH. */
function repository() {
  const folder = folderOfTest();
  const [work, bin] = [join(folder, 'work'), join(folder, 'bin')];
  for (const path of [work, bin]) mkdirSync(path);
  const executable = { mode: 0o755 };
  writeFileSync(join(bin, 'keyward'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, executable);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, GIT_CONFIG_GLOBAL: '/dev/null' };
  const git = (...argv: string[]) => {
    const person = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
    return spawnSync('git', ['-C', work, ...person, ...argv], { env, encoding: 'utf8' });
  };
  git('init', '-q');
  const [, hook = ''] = HOOK.exec(readFileSync('docs/scan.md', 'utf8')) ?? [];
  writeFileSync(join(work, '.git/hooks/pre-commit'), hook, executable);
  const file = (name: string) => join(work, name);
  return { git, file, commit: () => git('commit', '-q', '-m', 'x') };
}

const lines = Array.from({ length: 200 }, (_, at) => `line ${at}\n`).join('');

it('the hook of the page lets a first commit, a rename, a change and a removal pass', () => {
  const { git, file, commit } = repository();
  writeFileSync(file('with a blank'), lines);
  writeFileSync(file('-f'), 'another');
  git('add', '.');
  expect(commit()).toMatchObject({ status: 0 });
  git('mv', 'with a blank', 'g');
  appendFileSync(file('g'), 'one more\n');
  git('add', 'g');
  expect(git('diff', '--cached', '--name-status').stdout).toMatch(/^R\d+\twith a blank\tg\n$/);
  expect(commit()).toMatchObject({ status: 0 });
  git('rm', '-q', '--', '-f');
  expect(commit()).toMatchObject({ status: 0 });
  expect(git('ls-files').stdout).toBe('g\n');
});

it('the hook of the page stops a credential that is added to a file while it is renamed', () => {
  const { git, file, commit } = repository();
  writeFileSync(file('f'), lines);
  git('add', 'f');
  expect(commit()).toMatchObject({ status: 0 });
  git('mv', 'f', 'g');
  appendFileSync(file('g'), `KW=${makeCredential('svc').text}\n`);
  git('add', 'g');
  expect(git('diff', '--cached', '--name-status').stdout).toMatch(/^R\d+\tf\tg\n$/);
  const { status, stdout, stderr } = commit();
  expect([status, stdout + stderr]).toEqual([1, expect.stringMatching(/client_credential .*\/files\/g:201/)]);
  expect(git('rev-list', '--count', 'HEAD').stdout).toBe('1\n');
});

it('the hook of the page reads what is staged, not what lies in the folder', () => {
  const { git, file, commit } = repository();
  writeFileSync(file('f'), makeCredential('svc').text);
  git('add', 'f');
  writeFileSync(file('f'), 'nothing');
  expect(commit()).toMatchObject({ status: 1 });
  git('add', 'f');
  writeFileSync(file('f'), makeCredential('svc').text);
  expect(commit()).toMatchObject({ status: 0 });
});

it('the hook of the page stops a commit whose files it cannot read', () => {
  const { git, file, commit } = repository();
  writeFileSync(file('f'), 'nothing');
  git('add', 'f');
  git('config', 'filter.broken.clean', 'cat');
  git('config', 'filter.broken.smudge', 'false');
  git('config', 'filter.broken.required', 'true');
  writeFileSync(file('.gitattributes'), 'f filter=broken\n');
  const { status, stderr } = commit();
  expect([status, stderr]).toEqual([1, expect.stringContaining('smudge filter broken failed')]);
  expect(git('rev-list', '--all', '--count').stdout).toBe('0\n');
});
