import { describe, expect, it } from 'vitest';
import { fillPage, inSteps } from '../../../src/db/fill-page.ts';

/** The numbers from 1 to `last`, with how many were asked for each time. */
function numbers(last: number) {
  const asked: number[] = [];
  const read = async (behind: number | undefined, limit: number) => {
    asked.push(limit);
    const from = (behind ?? 0) + 1;
    return Array.from({ length: Math.max(0, Math.min(limit, last - from + 1)) }, (_, index) => from + index);
  };
  return { asked, read };
}

const every = (n: number) => async (rows: readonly number[]) => rows.filter((row) => row % n === 0);

describe('a page of rows of which only some count', () => {
  it('is full where there are enough, whatever lies between', async () => {
    const { read } = numbers(1_000);
    expect(await fillPage(4, read, every(7))).toEqual([7, 14, 21, 28]);
  });

  it('is what is left at the end', async () => {
    const { read } = numbers(20);
    expect(await fillPage(4, read, every(7))).toEqual([7, 14]);
    expect(await fillPage(4, read, every(50))).toEqual([]);
  });

  it('is read at once where all of them count, and in ever larger steps up to a bound where few do', async () => {
    const all = numbers(1_000);
    expect(await fillPage(4, all.read, every(1))).toHaveLength(4);
    expect(all.asked).toEqual([4]);
    const none = numbers(3_000);
    await fillPage(100, none.read, every(5_000));
    expect(none.asked).toEqual([100, 200, 400, 500, 500, 500, 500, 500]);
  });

  it('holds nothing, and reads nothing, where nothing was asked for', async () => {
    const { asked, read } = numbers(10);
    expect(await fillPage(0, read, every(1))).toEqual([]);
    expect(asked).toEqual([]);
  });
});

describe('all rows in steps', () => {
  it('come once each, in order', async () => {
    const { read } = numbers(1_234);
    const seen: number[] = [];
    for await (const rows of inSteps(read, 10)) seen.push(...rows);
    expect(seen).toEqual(Array.from({ length: 1_234 }, (_, index) => index + 1));
  });
});
