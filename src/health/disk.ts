import type { Clock } from '../kernel/clock.ts';
import { DISK_ALARM_PERCENT } from '../domain/disk-alarms.ts';
import { type SecurityEventReport, type SecurityEvents, securityEvent } from '../kernel/security-events.ts';

export interface DiskAlarmParts {
  readonly disks: {
    /** The share in use, from 0 to 1, of each disk by its name. */
    used(): Readonly<Record<string, number>>;
    look(): Promise<void>;
  };
  readonly events: SecurityEvents;
  readonly clock: Clock;
  readonly onRelief: (volume: string, used: number) => void;
}

const ALARMS = Object.values(DISK_ALARM_PERCENT);
/** So far below an alarm it is over: what comes again afterwards is told again. */
const RELIEF_PERCENT = 5;

/**
 * Tells of each disk that becomes full, once for each alarm it reaches. Answers how to look. A full disk may take no
 * event: it is raised as soon as there is room, even if the alarm is over by then.
 */
export function createDiskAlarm({ disks, events, clock, onRelief }: DiskAlarmParts): () => Promise<void> {
  const reached = new Map<string, number>();
  const owed = new Map<string, SecurityEventReport>();
  return async () => {
    await disks.look();
    for (const [volume, used] of Object.entries(disks.used())) {
      const told = reached.get(volume) ?? 0;
      const percent = ALARMS.findLast((alarm) => used * 100 >= alarm) ?? 0;
      if (percent > told) {
        const since = clock.nowSeconds();
        owed.set(`${volume} ${percent}`, securityEvent('ledger.disk', { volume, percent, used, since }));
        reached.set(volume, percent);
      } else if (used * 100 < told - RELIEF_PERCENT) {
        reached.set(volume, percent);
        if (percent === 0) onRelief(volume, used);
      }
    }
    for (const [alarm, event] of owed) {
      await events.raise(event);
      owed.delete(alarm);
    }
  };
}
