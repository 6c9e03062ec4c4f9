import { describe, expect, it } from 'vitest';
import { type ClockJump, ClockWatch } from '../../../src/watch/clock-watch.ts';

const START = 1_800_000_000;

function clocks(lastCheckpointTime?: number) {
  const now = { wallMs: START * 1_000, steadyMs: 50_000, quickMs: 7_000 };
  const told: (ClockJump | 'steady')[] = [];
  const watch = new ClockWatch({
    wallMs: () => now.wallMs,
    steadyMs: () => now.steadyMs,
    quickMs: () => now.quickMs,
    lastCheckpointTime,
    onJump: (jump) => told.push(jump),
    onSteady: () => told.push('steady'),
  });
  const pass = (seconds: number, drift = 0, sleep = false) => {
    now.wallMs += (seconds + drift) * 1_000;
    now.steadyMs += seconds * 1_000;
    if (!sleep) now.quickMs += seconds * 1_000;
  };
  return { watch, pass, told };
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

describe('I13: wall time against the last checkpoint', () => {
  it('stops before it, and goes on once it has passed', () => {
    const { watch, pass, told } = clocks(START + 60);
    expect(stopped(watch)).toBe('clock_jump');
    expect(told).toEqual([{ kind: 'before_checkpoint', wall: START, expected: START + 60 }]);
    pass(60);
    expect([stopped(watch), told.at(-1)]).toEqual([false, 'steady']);
  });

  it('does not stop at or after it', () => {
    expect(stopped(clocks(START).watch)).toBe(false);
  });
});
