import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SinkEntry } from '../../../src/audit/sink-line.ts';
import { createFileSink } from '../../../src/audit/sinks/file-sink.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const event = (sequence: number): SinkEntry => ({
  kind: 'event',
  event: {
    sequence,
    time: 1_800_000_000,
    type: 'client.created',
    actor: 'alice',
    subject: 'client:web',
    requestId: null,
    detailsJson: '{"description":"é"}',
    hash: Buffer.alloc(32, sequence),
  },
});
const checkpoint = (number: number): SinkEntry => ({ kind: 'checkpoint', number, jws: `jws-${number}` });

function open(file: string) {
  const opened = createFileSink(file);
  onTestFinished(() => opened.reset());
  return opened;
}

function sink() {
  const file = join(folderOfTest(), 'audit.jsonl');
  return { file, lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

it('appends one line an entry, for its owner alone, and finds its end again', async () => {
  const { file, lines } = sink();
  expect(await open(file).tail()).toEqual({ event: undefined, checkpoint: undefined });
  const first = open(file);
  await first.write([event(1), checkpoint(1)]);
  await first.write([event(2)]);
  expect(lines().map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['event', 'checkpoint', 'event']);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  expect(await open(file).tail()).toEqual({
    event: { sequence: 2, hash: Buffer.alloc(32, 2) },
    checkpoint: { number: 1, jws: 'jws-1' },
  });
});

it('ends half a line that a crash left, and takes it for no entry', async () => {
  const { file, lines } = sink();
  await open(file).write([event(1)]);
  appendFileSync(file, '{"event":{"seq');
  expect((await open(file).tail())?.event?.sequence).toBe(1);
  await open(file).write([event(2)]);
  expect(lines()).toHaveLength(3);
  expect((await open(file).tail())?.event?.sequence).toBe(2);
});

it('finds a checkpoint that lies far before the end', async () => {
  const { file } = sink();
  const to = open(file);
  await to.write([checkpoint(7)]);
  await to.write(Array.from({ length: 4_000 }, (_, index) => event((index % 200) + 1)));
  expect((await to.tail())?.checkpoint).toEqual({ number: 7, jws: 'jws-7' });
});

describe('what somebody else does to the file', () => {
  it.each([
    ['deletes it', (file: string) => rmSync(file), 'was deleted or moved away', true],
    ['moves it away', (file: string) => renameSync(file, `${file}.1`), 'was deleted or moved away', true],
    [
      'replaces it by a copy',
      (file: string) => {
        copyFileSync(file, `${file}.1`);
        renameSync(`${file}.1`, file);
      },
      'was replaced',
      true,
    ],
    ['cuts it off', (file: string) => truncateSync(file, 10), 'was cut short', true],
    ['empties it', (file: string) => truncateSync(file), 'was cut short', true],
    ['appends', (file: string) => appendFileSync(file, '{}\n'), 'was written by somebody else', false],
    [
      'overwrites a byte',
      (file: string) => writeFileSync(file, 'x', { flag: 'r+' }),
      'was written by somebody else',
      false,
    ],
  ])('%s: it is told once, and the next write is in the file of that name', async (_, act, why, isLost) => {
    const { file, lines } = sink();
    const to = open(file);
    await to.write([event(1)]);
    expect(await to.examine()).toBeUndefined();
    act(file);
    expect(await to.examine()).toEqual({ why: `${file} ${why}`, isLost });
    expect(await to.examine()).toBeUndefined();
    await to.write([event(2)]);
    expect(lines().at(-1)).toContain('"sequence":2');
    expect(await to.examine()).toBeUndefined();
  });

  it('reads it, or changes its mode: nothing is told', async () => {
    const { file, lines } = sink();
    const to = open(file);
    await to.write([event(1)]);
    chmodSync(file, 0o640);
    expect(lines()).toHaveLength(1);
    expect(await to.examine()).toBeUndefined();
  });

  it('between the first look at its end and the first write: it is told', async () => {
    const { file } = sink();
    await open(file).write([event(1)]);
    const to = open(file);
    await to.tail();
    truncateSync(file);
    expect(await to.examine()).toEqual({ why: `${file} was cut short`, isLost: true });
  });

  it('between the look and the opening: nothing is confirmed, and the next look tells', async () => {
    const { file } = sink();
    await open(file).write([event(1)]);
    const to = open(file);
    await to.tail();
    expect(await to.examine()).toBeUndefined();
    renameSync(file, `${file}.1`);
    await expect(to.write([event(2)])).rejects.toThrow('was changed');
    to.reset();
    expect(await to.examine()).toEqual({ why: `${file} was replaced`, isLost: true });
    await to.write([event(2)]);
  });

  it('before it was opened is not seen: there is nothing to compare with', async () => {
    expect(await open(sink().file).examine()).toBeUndefined();
  });
});
