import type { Activity } from '../../src/kernel/activity.ts';

export class ActivityAggregator implements Activity {
  readonly dropped = 0;

  record(): void {}

  take(): readonly never[] {
    return [];
  }
}
