import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';

const MODULE = new URL('../../../src/lib/thread-environment.ts', import.meta.url).href;
const CODE = `
  const { threadEnvironment } = await import(${JSON.stringify(MODULE)});
  console.log(JSON.stringify(threadEnvironment()));`;

function environmentIn(env: Record<string, string>): Record<string, string> {
  const argv = ['--input-type=module', '--eval', CODE];
  return JSON.parse(spawnSync(process.execPath, argv, { encoding: 'utf8', env }).stdout);
}

it('a thread learns where compiled code is kept, and nothing else of the environment', () => {
  const folder = folderOfTest();
  const learnt = environmentIn({ NODE_COMPILE_CACHE: folder, SECRET: 'secret' });
  expect(learnt).toEqual({ NODE_COMPILE_CACHE: expect.stringContaining(folder) });
});

it('without such a folder its environment is empty', () => {
  expect(environmentIn({ SECRET: 'secret' })).toEqual({});
});
