import { expect, test } from 'vitest';
import { FairTurns } from '../../../src/db/fair-turns.ts';

test('owners take turns, whoever came first with however much', async () => {
  const turns = new FairTurns();
  const done: string[] = [];
  const work = (name: string) => async () => void done.push(name);
  await Promise.all([
    ...[1, 2, 3, 4].map((n) => turns.take('greedy', work(`greedy ${n}`))),
    turns.take('modest', work('modest 1')),
    turns.take('other', work('other 1')),
    turns.take('modest', work('modest 2')),
  ]);
  expect(done).toEqual(['greedy 1', 'greedy 2', 'modest 1', 'other 1', 'greedy 3', 'modest 2', 'greedy 4']);
});

test('one at a time, and what fails fails for its owner alone', async () => {
  const turns = new FairTurns();
  let running = 0;
  const work = (outcome: () => string) => async () => {
    running += 1;
    await new Promise((resolve) => setImmediate(resolve));
    expect(running--).toBe(1);
    return outcome();
  };
  const fails = () => {
    throw new Error('no');
  };
  const outcomes = await Promise.allSettled([
    turns.take('a', work(fails)),
    turns.take(
      'a',
      work(() => 'second'),
    ),
    turns.take(
      'b',
      work(() => 'first'),
    ),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(
    await turns.take(
      'a',
      work(() => 'again'),
    ),
  ).toBe('again');
});
