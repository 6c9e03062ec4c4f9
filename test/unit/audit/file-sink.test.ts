import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createFileSink } from '../../../src/audit/sinks/file-sink.ts';
import type { SinkEntry } from '../../../src/domain/audit-sink.ts';
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

it('does not confirm what went into a file that was moved away, and begins the file anew', async () => {
  const { file, lines } = sink();
  const to = open(file);
  await to.write([event(1)]);
  renameSync(file, `${file}.1`);
  await expect(to.write([event(2)])).rejects.toThrow('ENOENT');
  await to.write([event(2)]);
  expect(lines()).toHaveLength(1);
});
