import { describe, expect, it } from 'vitest';
import { NO_TIMES } from '../../../src/kernel/key.ts';
import { rotationDueAt, windowAlarm, windowUsed } from '../../../src/kernel/key-window.ts';
import { DAY, GRACE, NOW } from '../keys/lifecycle/keys.ts';

const window = (signFrom: number, signUntil: number, activated = signFrom) => ({
  signFrom,
  signUntil,
  times: { ...NO_TIMES, activated },
});

describe('when a rotation is due', () => {
  it('precedes the end of the window by the grace, so that it can be undone', () => {
    expect(rotationDueAt(window(NOW, NOW + 14 * DAY), GRACE)).toBe(NOW + 14 * DAY - GRACE);
  });

  it('leaves half of a window that is hardly longer than the grace', () => {
    expect(rotationDueAt(window(NOW, NOW + 3_600), GRACE)).toBe(NOW + 1_800);
  });

  it('leaves half of what an undone rotation left', () => {
    const back = NOW + 14 * DAY - 1_000;
    expect(rotationDueAt(window(NOW, NOW + 14 * DAY, back), GRACE)).toBe(NOW + 14 * DAY - 500);
  });
});

describe('the alarms of a window', () => {
  it.each([
    [0.7499, undefined],
    [0.75, 75],
    [0.8999, 75],
    [0.9, 90],
    [0.9999, 90],
    [1, 100],
    [3, 100],
  ] as const)('at %f of it: %s', (part, alarm) => {
    expect(windowAlarm(window(NOW, NOW + 10_000), NOW + part * 10_000)).toBe(alarm);
  });

  it('has none before the key signs', () => {
    const waiting = { signFrom: null, signUntil: NOW + DAY, times: NO_TIMES };
    expect(windowUsed(waiting, NOW)).toBe(0);
    expect(windowUsed(window(NOW, NOW + 100), NOW - 5)).toBe(0);
  });

  it('is used up where it has no length', () => {
    expect(windowUsed(window(NOW, NOW), NOW)).toBe(1);
  });
});
