import { expect, it, vi } from 'vitest';
import type { SigningKey } from '../../../src/kernel/key.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import type { ScopeKeys } from '../../../src/keys/lifecycle/plans.ts';
import { createRotationWatch, keepRotationWatch, rotationNews } from '../../../src/keys/rotation-watch.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { aKey, DAY, GRACE, NOW, within } from './lifecycle/keys.ts';

const FROM = NOW - 7 * DAY;
const UNTIL = NOW + 7 * DAY;
const active = aKey(0, 'active', { signFrom: FROM, signUntil: UNTIL });
const standby = aKey(1, 'pre_activation');
const ready = within(active, standby);
const alone = within(active);
const pausedUntil = (until: number): ScopeKeys => ({
  ...ready,
  scope: { ...ready.scope, rotationPause: { until, reason: 'a move' } },
});

const OVERDUE: Record<string, string> = { false: 'due', true: 'window over' };
const told = (of: ScopeKeys, now: number) =>
  rotationNews(of, { now, graceSeconds: GRACE }).map(
    ({ type, severity, evidence }) =>
      `${type} ${severity}: ${evidence.percent === undefined ? OVERDUE[`${evidence.window_over}`] : `${evidence.percent} %`}`,
  );
const at = (percent: number) => FROM + (14 * DAY * percent) / 100;

it('says nothing before three quarters of the window', () => {
  expect(told(alone, at(75) - 1)).toEqual([]);
});

it.each([75, 90])('tells of %i %% of the window, and warns where no rotation will come', (percent) => {
  expect(told(ready, at(percent))).toEqual([`key.window_nearly_over info: ${percent} %`]);
  expect(told(alone, at(percent))).toEqual([`key.window_nearly_over warning: ${percent} %`]);
  expect(told(pausedUntil(UNTIL), at(percent))).toEqual([`key.window_nearly_over warning: ${percent} %`]);
  expect(told(pausedUntil(UNTIL - 2 * DAY), at(percent))).toEqual([
    `key.window_nearly_over info: ${percent} %`,
  ]);
});

it('warns of a rotation that was due a minute ago and did not come', () => {
  const due = UNTIL - GRACE;
  expect(told(alone, due + 60)).toEqual(['key.window_nearly_over warning: 90 %']);
  expect(told(alone, due + 61)).toEqual([
    'key.window_nearly_over warning: 90 %',
    'rotation.overdue warning: due',
  ]);
});

it('is critical when the window is over: nothing is signed any more', () => {
  expect(told(alone, UNTIL)).toEqual([
    'key.window_nearly_over warning: 90 %',
    'rotation.overdue warning: due',
  ]);
  expect(told(ready, UNTIL + 1)).toEqual(['rotation.overdue critical: window over']);
});

it('names what stands in the way', () => {
  const evidence = {
    scope: 'payments',
    kid: active.kid,
    sign_until: UNTIL,
    due_at: UNTIL - GRACE,
    expected_at: UNTIL + 1,
    obstacle: 'paused',
    paused_until: UNTIL,
  };
  const [report] = rotationNews(pausedUntil(UNTIL), { now: at(90), graceSeconds: GRACE });
  expect(report).toMatchObject({ subject: `key:${active.kid}`, evidence });
  const young = within(active, { ...standby, publishedAt: UNTIL - GRACE });
  const [other] = rotationNews(young, { now: at(90), graceSeconds: GRACE });
  expect(other?.evidence).toMatchObject({ obstacle: 'standby_too_new', expected_at: UNTIL + 330 });
});

it('says nothing of a scope without a key that signs: that has an alarm of its own', () => {
  expect(told(within(standby), UNTIL + 1)).toEqual([]);
});

it('tells each piece of news once', () => {
  const raised: SecurityEventReport[] = [];
  const look = createRotationWatch({
    scopes: () => [alone],
    events: raiserInto(raised),
    clock: { nowSeconds: () => at(80) },
    graceSeconds: GRACE,
  });
  look();
  look();
  expect(raised.map(({ dedupKey }: Pick<SecurityEventReport, 'dedupKey'>) => dedupKey)).toEqual([
    JSON.stringify([(active as SigningKey).kid, 75]),
  ]);
});

it('looks where it leads alone, and tells nothing twice after it led, did not and leads again', async () => {
  vi.useFakeTimers();
  const raised: SecurityEventReport[] = [];
  const looked = vi.fn(() => [alone]);
  const { state, leadership } = switchedLeadership();
  const { log } = recordedLog();
  const watch = keepRotationWatch({
    scopes: looked,
    events: raiserInto(raised),
    clock: { nowSeconds: () => at(75) },
    graceSeconds: GRACE,
    timeGuard: { requireSteadyTime() {} },
    leadership,
    log,
  });
  const pass = () => vi.advanceTimersByTimeAsync(5_000);
  await pass();
  expect([looked.mock.calls, raised]).toEqual([[], []]);
  for (const isLeading of [true, false, true]) {
    state.isLeading = isLeading;
    await pass();
  }
  expect([looked.mock.calls.length, raised.map(({ type }) => type)]).toEqual([2, ['key.window_nearly_over']]);
  await watch.stop();
  vi.useRealTimers();
});
