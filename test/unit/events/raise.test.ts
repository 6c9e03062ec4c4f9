import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createOutageWatch, type UnstoredEvent } from '../../../src/events/index.ts';
import { createRaiser, type RunningRaiser } from '../../../src/events/raise.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { type SecurityEventReport, securityEvent } from '../../../src/kernel/security-events.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const away = new KeywardError('store_unavailable', 'away');
const jump = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 1 });
const told = ({ type, severity, subject, evidence }: SecurityEventReport, isRetried: boolean) => ({
  type,
  severity,
  subject,
  evidence,
  isRetried,
});
const PATIENCE = { timeout: 30_000 };
const overdue = (since: number) =>
  securityEvent('review.overdue', { since, overdue_at: 1, last_signed_off_at: null });

let now: number;
let nowMs: number;
let unstored: UnstoredEvent[];
let stored: SecurityEventReport[];
let refuse: (report: SecurityEventReport) => Error | undefined;
let attempts: number;
let lines: ReturnType<typeof recordedLog>['lines'];
let raiser: RunningRaiser;

beforeEach(() => {
  now = 600;
  nowMs = 0;
  unstored = [];
  stored = [];
  attempts = 0;
  refuse = () => undefined;
  const recorded = recordedLog();
  const outages = createOutageWatch({ nowSeconds: () => now });
  outages.unstored.subscribe((event) => void unstored.push(event));
  lines = recorded.lines;
  raiser = createRaiser({
    events: {
      async raise(report) {
        attempts += 1;
        const failure = refuse(report);
        if (failure) throw failure;
        stored.push(report);
        return true;
      },
    },
    clock: { nowSeconds: () => now },
    log: recorded.log,
    outages,
    random: () => 0,
    nowMs: () => nowMs,
  });
});

const keys = () => stored.map(({ dedupKey }) => dedupKey);
const said = (msg: string) => lines.filter((line) => line.msg === msg);

describe('a raised event', () => {
  it('is stored once under its key, in order', async () => {
    for (const each of [jump(1), jump(2), jump(1), overdue(1)]) raiser.raise(each);
    await vi.waitFor(() => expect(stored).toEqual([jump(1), jump(2), overdue(1)]));
    raiser.raise(jump(2));
    await pause(20);
    expect([attempts, lines]).toEqual([3, []]);
  });

  it('is logged and tried again where the store is away, and fails nobody', async () => {
    refuse = () => away;
    raiser.raise(jump(1));
    raiser.raise(jump(2));
    await vi.waitFor(() => expect(said('security event not stored yet; it is tried again')).toHaveLength(2));
    expect(lines[0]).toMatchObject({
      level: 60,
      event: 'clock.jump',
      subject: 'clock',
      key: jump(1).dedupKey,
    });
    raiser.raise(jump(1));
    expect(attempts).toBe(1);
    refuse = () => undefined;
    await vi.waitFor(() => expect(stored).toEqual([jump(1), jump(2)]), 5_000);
    expect(lines).toHaveLength(2);
  });

  it('that cannot be stored at all does not hold up another', async () => {
    refuse = ({ dedupKey }) =>
      dedupKey === jump(1).dedupKey ? new KeywardError('internal', 'the statement failed') : undefined;
    raiser.raise(jump(1));
    raiser.raise(jump(2));
    await vi.waitFor(() => expect(stored).toEqual([jump(2)]));
    expect(said('security event not stored yet; it is tried again')).toMatchObject([
      { key: jump(1).dedupKey },
    ]);
    await raiser.stop();
  });

  it('is lost past sixty a minute of its budget, which is logged; the next minute takes it', async () => {
    for (let times = 0; times < 70; times += 1) raiser.raise(jump(0), 'clock');
    for (let wall = 0; wall < 62; wall += 1) raiser.raise(jump(wall), 'clock');
    raiser.raise(overdue(1), 'reviews');
    raiser.raise(overdue(2));
    await vi.waitFor(() => expect(stored).toHaveLength(62));
    expect(lines).toMatchObject([
      { event: 'clock.jump', why: 'too many in a minute', lost: 1, msg: 'security event dropped' },
    ]);
    now += 60;
    raiser.raise(jump(60), 'clock');
    await vi.waitFor(() => expect(keys()).toContain(jump(60).dedupKey));
  });

  it('is lost where a thousand of its type wait, not where others do, and taken when it comes again', async () => {
    refuse = () => away;
    for (let wall = 0; wall <= 1_000; wall += 1) raiser.raise(jump(wall));
    raiser.raise(overdue(1));
    expect(said('security event dropped')).toMatchObject([
      { key: jump(1_000).dedupKey, why: 'too many wait for the store', lost: 1 },
    ]);
    refuse = () => undefined;
    await vi.waitFor(() => expect(stored).toHaveLength(1_001), 5_000);
    expect(stored.at(-1)).toEqual(overdue(1));
    raiser.raise(jump(1_000));
    await vi.waitFor(() => expect(stored.at(-1)).toEqual(jump(1_000)));
  });
});

describe('a critical event that the store does not take', () => {
  it('is told past it once, after ten seconds, and not an event of less weight', async () => {
    refuse = () => away;
    raiser.raise(jump(1));
    raiser.raise(overdue(1));
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(1), PATIENCE);
    nowMs = 9_999;
    const before = attempts;
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(before + 1), PATIENCE);
    expect(unstored).toEqual([]);
    nowMs = 10_000;
    await vi.waitFor(() => expect(unstored).toEqual([told(jump(1), true)]), PATIENCE);
    refuse = () => undefined;
    await vi.waitFor(() => expect(stored).toEqual([jump(1), overdue(1)]), PATIENCE);
    expect(unstored).toHaveLength(1);
  });

  it('is not told past it where the store takes it in time', async () => {
    refuse = () => away;
    raiser.raise(jump(1));
    await vi.waitFor(() => expect(attempts).toBe(1));
    refuse = () => undefined;
    nowMs = 60_000;
    await vi.waitFor(() => expect(stored).toEqual([jump(1)]), PATIENCE);
    await raiser.stop();
    expect(unstored).toEqual([]);
  });

  it('is told at the end, if it was not before, as one that is tried no more', async () => {
    refuse = () => away;
    raiser.raise(jump(1));
    await vi.waitFor(() => expect(attempts).toBe(1));
    nowMs = 10_000;
    await vi.waitFor(() => expect(unstored).toHaveLength(1), PATIENCE);
    raiser.raise(jump(2));
    raiser.raise(overdue(1));
    await raiser.stop();
    expect(unstored).toEqual([told(jump(1), true), told(jump(2), false)]);
  });
});

describe('at the end', () => {
  it('what waits is tried once more', async () => {
    refuse = () => away;
    raiser.raise(jump(1));
    await vi.waitFor(() => expect(attempts).toBe(1));
    refuse = () => undefined;
    await raiser.stop();
    expect(stored).toEqual([jump(1)]);
    expect(said('security event dropped')).toEqual([]);
  });

  it('what could not be stored is logged as lost, and so is what comes later', async () => {
    refuse = () => away;
    raiser.raise(jump(1));
    await raiser.stop();
    raiser.raise(jump(2));
    expect(said('security event dropped')).toMatchObject([
      { key: jump(1).dedupKey, lost: 1 },
      { key: jump(2).dedupKey, lost: 2, why: 'the service stops' },
    ]);
  });
});
