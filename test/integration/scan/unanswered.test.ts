import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { answering, fileBytes, Names } from '../../../src/scan/format.ts';
import { walk } from '../../../src/scan/walk.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

async function walked(path: string): Promise<string[]> {
  const all: string[] = [];
  for await (const each of walk(path, new Names())) {
    if ('content' in each) all.push(each.content.name);
    else all.push(`${each.place}: ${'skipped' in each ? each.skipped : each.note}`);
  }
  return all;
}

const madeUp = (on: string) => `it lies on ${on}, whose files are made up when they are read`;

it('passes over pipes and devices, and reads what stands beside them', async () => {
  const folder = folderOfTest();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  writeFileSync(join(folder, 'text'), '');
  expect(await walked(folder)).toEqual([`${join(folder, 'pipe')}: no regular file`, join(folder, 'text')]);
  expect(await walked(join(folder, 'pipe'))).toEqual([`${join(folder, 'pipe')}: no regular file`]);
  expect(await walked('/dev/null')).toEqual(['/dev/null: no regular file']);
});

it('does not wait for a pipe that has taken the place of a file', async () => {
  const pipe = join(folderOfTest(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const read: Uint8Array[] = [];
  for await (const chunk of fileBytes(pipe)) read.push(chunk);
  expect(read).toEqual([]);
});

it('passes over what is made up when it is read', async () => {
  expect(await walked('/proc')).toEqual([`/proc: ${madeUp('proc')}`]);
  expect(await walked('/proc/self/status')).toEqual([`/proc/self/status: ${madeUp('proc')}`]);
  const folder = folderOfTest();
  mkdirSync(join(folder, 'proc'));
  writeFileSync(join(folder, 'proc', 'kmsg'), '');
  symlinkSync('/proc/self/status', join(folder, 'status'));
  expect(await walked(folder)).toEqual([join(folder, 'proc', 'kmsg')]);
  expect(await walked(join(folder, 'status'))).toEqual([`${join(folder, 'status')}: ${madeUp('proc')}`]);
});

it('gives up a file that does not answer, behind what it gave; not one that does', async () => {
  const stream = new Readable({ read() {} });
  stream.push('begun');
  const read: string[] = [];
  const reading = (async () => {
    for await (const chunk of answering(stream, 50)) read.push(String(chunk));
  })();
  await expect(reading).rejects.toThrow('no byte came for 0.05 seconds');
  expect([read, stream.destroyed]).toEqual([['begun'], true]);
  const whole: string[] = [];
  for await (const chunk of answering(Readable.from(['be', 'gun']), 60_000)) whole.push(String(chunk));
  expect(whole).toEqual(['be', 'gun']);
});
