import { expect, it } from 'vitest';
import { KeyedMutex, Mutex } from '../../../src/lib/mutex.ts';

it('runs one task at a time: none overlaps, keeps its order, and goes on after an error', async () => {
  const mutex = new Mutex();
  const steps: string[] = [];
  const run = (name: string, error?: Error) =>
    mutex.runExclusive(async () => {
      steps.push(`${name} begins`);
      await new Promise(setImmediate);
      steps.push(`${name} ends`);
      if (error) throw error;
      return name;
    });
  const failing = new Error('first');
  const outcomes = await Promise.allSettled([run('a', failing), run('b')]);
  expect(outcomes).toEqual([
    { status: 'rejected', reason: failing },
    { status: 'fulfilled', value: 'b' },
  ]);
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

it('of several keys at once waits for each, and holds up no other; in whatever order two name them, both are done', async () => {
  const mutexes = new KeyedMutex();
  const { promise, resolve } = Promise.withResolvers<string>();
  const done: string[] = [];
  const run = async (keys: readonly string[], name: string, task = Promise.resolve(name)) => {
    done.push(await mutexes.runExclusiveOfAll(keys, () => task));
  };
  const held = run(['a'], 'a', promise);
  const both = [run(['a', 'b'], 'ab'), run(['b', 'a', 'b'], 'ba')];
  await run(['c'], 'c');
  expect(done).toEqual(['c']);
  resolve('a');
  await Promise.all([held, ...both]);
  expect(done).toEqual(['c', 'a', 'ab', 'ba']);
});

it('of keys keeps each in its own order, and lets none wait for another', async () => {
  const mutexes = new KeyedMutex();
  const { promise, resolve } = Promise.withResolvers<string>();
  const done: string[] = [];
  const run = async (key: string, task: Promise<string>) => {
    done.push(await mutexes.runExclusive(key, () => task));
  };
  const held = [run('a', promise), run('a', Promise.resolve('second of a'))];
  await run('b', Promise.resolve('first of b'));
  expect(done).toEqual(['first of b']);
  resolve('first of a');
  await Promise.all(held);
  expect(done).toEqual(['first of b', 'first of a', 'second of a']);
});
