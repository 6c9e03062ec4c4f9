import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepInventory } from '../../../src/inventory/index.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { untouched } from '../../support/untouched.ts';

let taken: string[];
let failing: boolean;
let stop: () => Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  taken = [];
  failing = false;
});

afterEach(async () => {
  await stop();
  vi.useRealTimers();
});

function keeping(isLeading: boolean) {
  const { state, leadership } = switchedLeadership(isLeading);
  const keeper = keepInventory({
    inventories: untouched({
      async take(hsmToken: string) {
        if (failing) throw new Error('away');
        taken.push(hsmToken);
        return untouched();
      },
    }),
    hsmTokens: ['primary', 'second'],
    everySeconds: 3_600,
    leadership,
    log: recordedLog().log,
  });
  stop = () => keeper.stop();
  return { state, keeper };
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);

it('is taken soon after a start and each hour, of every token, where it leads', async () => {
  keeping(true);
  await seconds(5);
  expect(taken).toEqual(['primary', 'second']);
  await seconds(3_600);
  expect(taken).toHaveLength(4);
});

it('is taken by the process that leads alone, and within an hour once that is this one', async () => {
  const { state } = keeping(false);
  await seconds(7_200);
  expect(taken).toEqual([]);
  state.isLeading = true;
  await seconds(3_600);
  expect(taken).toEqual(['primary', 'second']);
});

it('is taken of a token that its own signer gives reason to doubt, once, whoever leads', async () => {
  const { keeper } = keeping(false);
  await seconds(60);
  failing = true;
  keeper.schedule('second');
  await seconds(5);
  failing = false;
  await seconds(60);
  expect(taken).toEqual(['second']);
  await seconds(7_200);
  expect(taken).toEqual(['second']);
});
