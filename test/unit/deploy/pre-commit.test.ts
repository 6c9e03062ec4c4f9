import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeCredential } from '../../../src/kernel/credential.ts';
import { keyward } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

it('the pre-commit hook is a command that stops a commit with a credential, and lets another pass', async () => {
  const [hook] = parse(readFileSync('.pre-commit-hooks.yaml', 'utf8'));
  expect(hook).toMatchObject({ id: 'keyward-scan', language: 'system', pass_filenames: true });
  const [command, ...argv] = hook.entry.split(' ');
  expect(command).toBe('keyward');
  const folder = folderOfTest();
  const [leak, clean] = [join(folder, 'leak'), join(folder, 'clean')];
  writeFileSync(leak, makeCredential('svc').text);
  writeFileSync(clean, 'nothing');
  expect((await keyward([...argv, clean])).exitCode).toBe(0);
  expect((await keyward([...argv, clean, leak])).exitCode).toBe(1);
  // A file may be called so.
  expect((await keyward([...argv, '--help', leak])).exitCode).toBe(1);
});
