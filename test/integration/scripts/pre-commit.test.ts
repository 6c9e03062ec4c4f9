import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';

const TIDY = 'export const one: number = 1;\n';
const UNTIDY = 'export const one:number=1\n';
const MISTYPED = "export const one: number = 'one';\n";

/** A repository with this one's hook, turned on by this one's command, and an empty commit. */
function repository() {
  const folder = folderOfTest();
  const at = (path: string) => join(folder, path);
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const run = (command: string, ...argv: string[]) =>
    spawnSync(command, argv, { cwd: folder, env, encoding: 'utf8' });
  const git = (...argv: string[]) =>
    run('git', '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...argv);
  git('init', '-q');
  for (const path of ['.githooks', 'biome.json', 'tsconfig.json'])
    cpSync(path, at(path), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), at('node_modules'));
  writeFileSync(at('.gitignore'), 'node_modules\n');
  writeFileSync(at('package.json'), '{\n  "type": "module"\n}\n');
  mkdirSync(at('src'));
  run('sh', '-c', JSON.parse(readFileSync('package.json', 'utf8')).scripts.hooks);
  const write = (text: string) => writeFileSync(at('src/one.ts'), text);
  const commit = () => {
    const { status, stdout, stderr } = git('commit', '-q', '-m', 'x');
    return { status, output: stdout + stderr };
  };
  return { git, write, commit };
}

it('the hook lets a tidy file pass, and its new name', () => {
  const { git, write, commit } = repository();
  write(TIDY);
  git('add', '.');
  expect(commit()).toMatchObject({ status: 0 });
  write('export {};\n');
  git('add', '.');
  git('mv', 'src/one.ts', 'src/two.ts');
  expect(commit()).toMatchObject({ status: 0 });
});

it('the hook stops a commit that is not formatted', () => {
  const { git, write, commit } = repository();
  write(UNTIDY);
  git('add', '.');
  expect(commit()).toEqual({ status: 1, output: expect.stringContaining('npm run format fixes most of it') });
  expect(git('rev-list', '--all', '--count').stdout).toBe('0\n');
});

it('the hook stops a commit with a wrong type', () => {
  const { git, write, commit } = repository();
  write(MISTYPED);
  git('add', '.');
  expect(commit()).toEqual({ status: 1, output: expect.stringContaining('src/one.ts(1,14): error TS2322') });
});

it('the hook reads what is staged, not what lies in the folder', () => {
  const { git, write, commit } = repository();
  write(UNTIDY);
  git('add', '.');
  write(TIDY);
  expect(commit()).toMatchObject({ status: 1 });
  git('add', '.');
  write(MISTYPED);
  expect(commit()).toMatchObject({ status: 0 });
});
