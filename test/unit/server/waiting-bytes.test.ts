import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WaitingBytes } from '../../../src/server/waiting-bytes.ts';

/** Readers of which so many bytes wait, and who was cut off. */
function readers(waiting: WaitingBytes, bytes: readonly number[]) {
  const cut: number[] = [];
  const all = bytes.map((waitingBytes) => {
    const reader = {
      waitingBytes,
      cutOff() {
        cut.push(reader.waitingBytes);
        waiting.delete(reader);
      },
    };
    waiting.add(reader);
    return reader;
  });
  return { all, cut };
}

test('the fullest go until the rest fits', async () => {
  const waiting = new WaitingBytes(100);
  const { cut } = readers(waiting, [10, 70, 0, 60, 30]);
  waiting.wrote(170);
  await turn();
  expect(cut).toEqual([70]);
  waiting.wrote(1);
  await turn();
  expect(cut).toEqual([70]);
});

test('what is taken by the next turn does not count', async () => {
  const waiting = new WaitingBytes(100);
  const { all, cut } = readers(waiting, [90, 90]);
  waiting.wrote(180);
  for (const reader of all) reader.waitingBytes = 50;
  await turn();
  expect(cut).toEqual([]);
  all.forEach((reader, n) => {
    reader.waitingBytes += n + 1;
    waiting.wrote(1);
  });
  await turn();
  expect(cut).toEqual([52]);
});
