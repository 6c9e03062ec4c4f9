import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { eachLine } from '../../../../src/signer/link/messages.ts';

async function linesOf(...chunks: string[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return lines;
}

it('joins what arrives in pieces and leaves out empty lines', async () => {
  expect(await linesOf('one\ntw', 'o\n\nthr', 'ee')).toEqual(['one', 'two', 'three']);
});

it('cuts a line at 1,000 characters', async () => {
  expect(await linesOf(`${'x'.repeat(1_001)}\n`)).toEqual(['x'.repeat(1_000)]);
  expect(await linesOf('x'.repeat(5_000))).toEqual(['x'.repeat(1_000)]);
});

it('keeps the first 200 lines of a process and says so', async () => {
  const lines = await linesOf('again\n'.repeat(1_000));
  expect(lines.slice(0, 200)).toEqual(Array(200).fill('again'));
  expect(lines.slice(200)).toEqual(['further output of this process is dropped']);
});
