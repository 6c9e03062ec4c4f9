import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { ClockWatch, type ClockWatchOptions } from './watch/clock-watch.ts';

/** The clock of this machine, against the time since its last boot. */
export function watchClock(
  options: Pick<ClockWatchOptions, 'lastCheckpointTime' | 'onJump' | 'onSteady'>,
): ClockWatch {
  return new ClockWatch({
    ...options,
    wallMs: Date.now,
    steadyMs: () => uptime() * 1_000,
    quickMs: () => performance.now(),
  });
}
