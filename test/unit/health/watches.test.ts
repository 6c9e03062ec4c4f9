import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createOutageWatch } from '../../../src/events/outages.ts';
import { openWatches } from '../../../src/health/index.ts';
import type { Task } from '../../../src/kernel/capability.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { untouched } from '../../support/untouched.ts';

const clock = { nowSeconds: () => 1_800_000_000 };
const nothing = async () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function watching(isLeading: boolean, ...tasks: readonly Task[]) {
  const { state, leadership } = switchedLeadership(isLeading);
  const watches = openWatches({
    outages: createOutageWatch(clock),
    store: {
      walkRegistry: async () => [],
      foreignSchema: nothing,
      probeLookups: nothing,
    },
    sinks: untouched(),
    chains: { loadRevocations: async () => [], walks: { ledger: nothing, trail: nothing } },
    disks: { used: () => ({}), refresh: nothing },
    tasks,
    leadership,
    keyRing: untouched({ scopes: () => [], knownKeysOf: () => [] }),
    verifiers: { list: () => [] },
    events: raiserInto([]),
    clock,
    log: recordedLog().log,
  });
  return { state, stop: () => watches.stop() };
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);

it('does what is for the process that leads where it leads alone, and all else whoever does', async () => {
  const done: string[] = [];
  const task = (name: string) => ({ name, everyMs: 1_000, tick: async () => void done.push(name) });
  const { state, stop } = watching(false, task('own'), { ...task('of the leader'), byLeader: true });
  await seconds(2);
  expect(done).toEqual(['own', 'own']);
  state.isLeading = true;
  await seconds(1);
  expect(done).toEqual(['own', 'own', 'own', 'of the leader']);
  state.isLeading = false;
  await seconds(1);
  expect(done.slice(4)).toEqual(['own']);
  await stop();
});
