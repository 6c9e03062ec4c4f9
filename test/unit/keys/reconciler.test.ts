import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import type { ReconcileStep } from '../../../src/keys/reconcile-steps.ts';
import { startReconciler } from '../../../src/keys/reconciler.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const NOW = 1_800_000_000;

let due: Map<string, ReconcileStep>;
let done: string[];
let raised: SecurityEventReport[];
let stop: () => Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  due = new Map();
  done = [];
  raised = [];
});

afterEach(async () => {
  await stop();
  vi.useRealTimers();
});

/** Is due until it was done. */
function plan(name: string, step: Partial<ReconcileStep> = {}): void {
  const run = async () => {
    done.push(name);
    due.delete(name);
  };
  due.set(name, { name, subject: `key:${name}`, failure: 'key.change_unfinished', run, ...step });
}

function start(isLeading: boolean) {
  const { state, leadership } = switchedLeadership(isLeading);
  const reconciler = startReconciler({
    steps: () => [...due.values()],
    leadership,
    events: raiserInto(raised),
    clock: { nowSeconds: () => NOW + Math.floor(performance.now() / 1_000) },
    log: recordedLog().log,
  });
  stop = () => reconciler.stop();
  return state;
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);

it('does all that is due where it leads, once', async () => {
  start(true);
  plan('rotate');
  plan('load', { isOwn: true });
  await seconds(3);
  expect(done).toEqual(['rotate', 'load']);
});

it('does what its own signer needs alone where another process leads, and the rest once it leads', async () => {
  const state = start(false);
  plan('rotate');
  plan('load', { isOwn: true });
  await seconds(3);
  expect(done).toEqual(['load']);
  state.isLeading = true;
  await seconds(3);
  expect(done).toEqual(['load', 'rotate']);
  state.isLeading = false;
  plan('destroy');
  await seconds(3);
  expect(done).toEqual(['load', 'rotate']);
});

it('asks before each step, since one may take longer than it leads', async () => {
  const state = start(true);
  plan('rotate', {
    async run() {
      done.push('rotate');
      due.delete('rotate');
      state.isLeading = false;
    },
  });
  plan('destroy');
  await seconds(3);
  expect(done).toEqual(['rotate']);
});

it('tells of a step that fails once, also where it stops leading meanwhile', async () => {
  const state = start(true);
  plan('destroy', { run: () => Promise.reject(new Error('away')) });
  await seconds(2);
  state.isLeading = false;
  await seconds(2);
  state.isLeading = true;
  await seconds(2);
  expect(raised.map(({ type }) => type)).toEqual(['key.change_unfinished']);
});
