import { describe, expect, it } from 'vitest';
import { type ClockJump, ClockWatch } from '../../../src/clock/clock-watch.ts';

const START = 1_800_000_000;
const DAY = 86_400;
const MAX_DOWNTIME = 7 * DAY;
const SETTLE = 3 * 3_600;

function clocks(lastCheckpointTime?: number) {
  const now = { wallMs: START * 1_000, steadyMs: 50_000, quickMs: 7_000 };
  const told: (ClockJump | 'steady')[] = [];
  const watch = new ClockWatch(
    {
      wallMs: () => now.wallMs,
      steadyMs: () => now.steadyMs,
      quickMs: () => now.quickMs,
      lastCheckpointTime,
      maxDowntimeSeconds: MAX_DOWNTIME,
      settleSeconds: SETTLE,
    },
    { onJump: (jump) => told.push(jump), onSteady: () => told.push('steady') },
  );
  const pass = (seconds: number, drift = 0, sleep = false) => {
    now.wallMs += (seconds + drift) * 1_000;
    now.steadyMs += seconds * 1_000;
    if (!sleep) now.quickMs += seconds * 1_000;
  };
  return { watch, pass, told, now };
}
const stopped = (watch: ClockWatch) => {
  try {
    watch.requireSteadyTime();
    return false;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('I13: wall time against monotonic time', () => {
  it('believes time that passes evenly', () => {
    const { watch, pass, told } = clocks();
    pass(600);
    expect([stopped(watch), told]).toEqual([false, []]);
  });

  it.each([
    ['forward', 6],
    ['back', -6],
  ])('stops at once after a jump %s, tells it once, and goes on when it is undone', (_, seconds) => {
    const { watch, pass, told } = clocks();
    pass(10, seconds);
    expect([stopped(watch), stopped(watch)]).toEqual(['clock_jump', 'clock_jump']);
    const wall = START + 10 + seconds;
    expect(told).toEqual([{ kind: 'departed', wall, expected: START + 10 }]);
    pass(1, -seconds);
    expect([stopped(watch), told.at(-1)]).toEqual([false, 'steady']);
  });

  it('lets through what slewing does', () => {
    const { watch, pass, told } = clocks();
    for (let hour = 0; hour < 24; hour += 1) {
      pass(3_600, 1.8);
      watch.examine();
    }
    expect([stopped(watch), told]).toEqual([false, []]);
  });

  it('stops when small steps within one hour add up', () => {
    const { watch, pass } = clocks();
    for (let step = 0; step < 7; step += 1) {
      pass(60, 0.8);
      watch.examine();
    }
    expect(stopped(watch)).toBe('clock_jump');
  });

  it('takes sleep for what it is', () => {
    const { watch, pass, told } = clocks();
    pass(30_000, 0, true);
    expect([stopped(watch), told]).toEqual([false, []]);
  });
});

describe('I13: a clock that steps and stays', () => {
  const stepped = (seconds: number) => {
    const found = clocks(START - 60);
    found.pass(10, seconds);
    found.watch.examine();
    return found;
  };

  it.each([
    ['a little forward', 10, 60],
    ['a little back', -10, 60],
    ['two hours forward', 7_200, 7_205],
    ['two hours back', -7_200, 7_205],
  ])('is believed once it ran evenly for as long as it stepped, and not before: %s', (_, step, seconds) => {
    const { watch, pass, told } = stepped(step);
    pass(seconds - 1);
    expect(stopped(watch)).toBe('clock_jump');
    pass(1);
    expect([stopped(watch), told.at(-1), watch.isSettled()]).toEqual([false, 'steady', false]);
    pass(60, 6);
    expect(stopped(watch)).toBe('clock_jump');
  });

  it('begins anew with each further step', () => {
    const { watch, pass } = stepped(10);
    pass(50);
    pass(1, 10);
    expect(stopped(watch)).toBe('clock_jump');
    pass(59);
    expect(stopped(watch)).toBe('clock_jump');
    pass(1);
    expect(stopped(watch)).toBe(false);
  });

  it('dates no token before one of earlier', () => {
    const { watch, pass, now } = stepped(-7_200);
    while (stopped(watch)) pass(1);
    expect(now.wallMs).toBeGreaterThanOrEqual((START + 10) * 1_000);
  });

  it('is not believed further ahead of the last checkpoint than the service may have been down', () => {
    const { watch, pass } = stepped(8 * DAY);
    pass(30 * DAY);
    expect(stopped(watch)).toBe('clock_jump');
    pass(1, -8 * DAY);
    expect(stopped(watch)).toBe(false);
  });
});

describe('I13: wall time at start against the last checkpoint', () => {
  it('stops before it, and goes on once it has passed', () => {
    const { watch, pass, told } = clocks(START + 60);
    expect(stopped(watch)).toBe('clock_jump');
    expect(told).toEqual([{ kind: 'before_checkpoint', wall: START, expected: START + 60 }]);
    pass(60);
    expect([stopped(watch), told.at(-1)]).toEqual([false, 'steady']);
  });

  it('does not stop at or after it, nor without any', () => {
    expect(stopped(clocks(START).watch)).toBe(false);
    expect(stopped(clocks().watch)).toBe(false);
  });

  it('stops when it is further ahead than the service may have been down, and not by exactly that', () => {
    const { watch, told } = clocks(START - MAX_DOWNTIME - 1);
    expect(stopped(watch)).toBe('clock_ahead');
    expect(told).toEqual([{ kind: 'ahead_of_checkpoint', wall: START, expected: START - 1 }]);
    expect(stopped(clocks(START - MAX_DOWNTIME).watch)).toBe(false);
  });

  it('does not come to believe a clock that is ahead because it runs on evenly', () => {
    const { watch, pass } = clocks(START - 40 * DAY);
    pass(60 * DAY);
    expect(stopped(watch)).toBe('clock_ahead');
  });

  it('goes on by itself when a clock that was ahead is set right', () => {
    const { watch, pass, told } = clocks(START - 40 * DAY);
    pass(60, -40 * DAY);
    expect([stopped(watch), told.at(-1)]).toEqual([false, 'steady']);
    pass(60, 40 * DAY);
    expect(stopped(watch)).toBe('clock_jump');
  });

  it('stops when it is set back too far', () => {
    const { watch, pass } = clocks(START - 40 * DAY);
    pass(60, -41 * DAY);
    expect(stopped(watch)).toBe('clock_jump');
  });

  it('does not doubt a service that ran for long without a checkpoint', () => {
    const { watch, pass } = clocks(START - 60);
    pass(20 * DAY);
    expect(stopped(watch)).toBe(false);
  });
});

describe('a clock that people confirm', () => {
  it.each([
    ['ahead of the last checkpoint', START - 40 * DAY],
    ['before the last checkpoint', START + 40 * DAY],
  ])('is believed though it is %s, and watched from then on', (_, checkpoint) => {
    const { watch, pass, told } = clocks(checkpoint);
    pass(60);
    expect(watch.doubt()).toMatchObject({ since: START });
    watch.confirm();
    expect([stopped(watch), watch.doubt(), told.at(-1)]).toEqual([false, undefined, 'steady']);
    pass(60, 6);
    expect(stopped(watch)).toBe('clock_jump');
  });

  it('is believed after a jump', () => {
    const { watch, pass } = clocks(START - 60);
    pass(10, 40 * DAY);
    expect(watch.doubt()).toMatchObject({ kind: 'departed', since: START + 10 + 40 * DAY });
    watch.confirm();
    expect(stopped(watch)).toBe(false);
  });

  it('is another doubt once it was changed meanwhile', () => {
    const { watch, pass, told } = clocks(START - 40 * DAY);
    const first = watch.doubt();
    pass(60);
    expect(watch.doubt()).toEqual(first);
    pass(60, DAY);
    expect(watch.doubt()).toMatchObject({ since: START + 120 + DAY });
    expect(told).toHaveLength(1);
  });
});

describe('I13: time settles', () => {
  it('once it was believed without a break for so long', () => {
    const { watch, pass } = clocks(START - 60);
    pass(SETTLE - 1);
    expect(watch.isSettled()).toBe(false);
    pass(1);
    expect(watch.isSettled()).toBe(true);
  });

  it('anew after each doubt', () => {
    const { watch, pass } = clocks(START - 60);
    pass(SETTLE);
    pass(1, 6);
    expect(watch.isSettled()).toBe(false);
    pass(1, -6);
    expect(watch.isSettled()).toBe(false);
    pass(SETTLE);
    expect(watch.isSettled()).toBe(true);
  });

  it('not while the clock is ahead, and from the confirmation on', () => {
    const { watch, pass } = clocks(START - 40 * DAY);
    pass(SETTLE);
    expect(watch.isSettled()).toBe(false);
    watch.confirm();
    expect(watch.isSettled()).toBe(false);
    pass(SETTLE);
    expect(watch.isSettled()).toBe(true);
  });
});

describe('a clock without any checkpoint to compare with', () => {
  it('is believed, and settles once the first checkpoint is there', () => {
    const { watch, pass, told } = clocks();
    pass(SETTLE);
    expect([stopped(watch), watch.isSettled()]).toEqual([false, false]);
    watch.vouch(START + SETTLE);
    expect([stopped(watch), watch.isSettled(), told]).toEqual([false, true, []]);
  });

  it('settles once people confirm it, and not before', () => {
    const { watch, pass } = clocks();
    pass(SETTLE + DAY);
    expect(watch.isSettled()).toBe(false);
    watch.confirm();
    expect(watch.isSettled()).toBe(true);
  });

  it.each([
    ['further back than the service may have been down', START - 40 * DAY, 'ahead_of_checkpoint'],
    ['ahead', START + 40 * DAY, 'before_checkpoint'],
  ])('is doubted where the checkpoint that comes is %s', (_, time, kind) => {
    const { watch, pass } = clocks();
    pass(60);
    watch.vouch(time);
    expect([watch.doubt()?.kind, watch.isSettled()]).toEqual([kind, false]);
  });

  it('is compared with the first one alone: the next are its own', () => {
    const { watch, pass } = clocks(START - 60);
    pass(SETTLE);
    watch.vouch(START - 40 * DAY);
    expect([stopped(watch), watch.isSettled()]).toEqual([false, true]);
  });
});

it('a clock that is ahead moves nothing beyond the last checkpoint', () => {
  expect(clocks(START - 40 * DAY).watch.earliestSeconds()).toBe(START - 40 * DAY);
  expect(clocks(START + 40 * DAY).watch.earliestSeconds()).toBe(START);
  expect(clocks().watch.earliestSeconds()).toBe(0);
});

it('whoever follows it later is told of a doubt that lasts', () => {
  const told: ClockJump['kind'][] = [];
  const listener = { onJump: ({ kind }: ClockJump) => told.push(kind), onSteady: () => {} };
  clocks(START - 60).watch.follow(listener);
  clocks(START - 40 * DAY).watch.follow(listener);
  expect(told).toEqual(['ahead_of_checkpoint']);
});
