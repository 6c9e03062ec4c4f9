import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { NODE_FLAGS } from '../../../src/lib/node-flags.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { YOUNG_MB } from '../../support/young-generation.ts';

const MODULE = new URL('../../../src/lib/thread-options.ts', import.meta.url).href;
const CODE = `
  const { threadOptions } = await import(${JSON.stringify(MODULE)});
  console.log(JSON.stringify(threadOptions().env));`;

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

const WORKER = `require('node:worker_threads').parentPort.postMessage(${YOUNG_MB})`;

function youngOf(options: string): number {
  const code = `
    const { Worker } = await import('node:worker_threads');
    const { threadOptions } = await import(${JSON.stringify(MODULE)});
    new Worker(${JSON.stringify(WORKER)}, { ...${options}, eval: true }).on('message', console.log);`;
  const argv = [...NODE_FLAGS, '--input-type=module', '--eval', code];
  return Number(spawnSync(process.execPath, argv, { encoding: 'utf8' }).stdout);
}

it('a thread has a smaller young generation than the flags give to the one that starts it', () => {
  const ofThread = youngOf('threadOptions()');
  expect(ofThread).toBeGreaterThan(0);
  expect(ofThread).toBeLessThan(8);
  expect(youngOf('{ execArgv: [] }')).toBeGreaterThan(8);
});
