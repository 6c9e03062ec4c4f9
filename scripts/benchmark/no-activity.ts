import type { Activity } from '../../src/domain/activity.ts';

export class ActivityAggregator implements Activity {
  readonly dropped = 0;

  record(): void {}

  take(): readonly never[] {
    return [];
  }
}
