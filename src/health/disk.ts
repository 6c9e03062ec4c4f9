import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { DISK_ALARM_PERCENT } from '../kernel/security-event-types.ts';
import {
  conditionOver,
  type EventRaiser,
  type SecurityEventReport,
  securityEvent,
} from '../kernel/security-events.ts';

interface DiskAlarmDeps {
  readonly disks: {
    /** The share in use, from 0 to 1, of each disk by its name. */
    used(): Readonly<Record<string, number>>;
    refresh(): Promise<void>;
  };
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly onRelief: (volume: string, used: number) => void;
}

const ALARMS = Object.values(DISK_ALARM_PERCENT);
/** So far below an alarm it is over: what comes again afterwards is told again. */
const RELIEF_PERCENT = 5;

/** Tells of each disk that becomes full, once for each alarm it reaches. Answers how to look. */
export function createDiskAlarm({ disks, events, clock, onRelief }: DiskAlarmDeps): () => Promise<void> {
  const reached = new Map<string, number>();
  const lastTold = new Map<string, { readonly report: SecurityEventReport; readonly since: number }>();
  return async () => {
    await disks.refresh();
    for (const [volume, used] of Object.entries(disks.used())) {
      const told = reached.get(volume) ?? 0;
      const percent = ALARMS.findLast((alarm) => used * 100 >= alarm) ?? 0;
      if (percent > told) {
        const since = clock.nowSeconds();
        const report = securityEvent('ledger.disk', { volume, percent, used, since });
        events.raise(report);
        lastTold.set(volume, { report, since });
        reached.set(volume, percent);
      } else if (used * 100 < told - RELIEF_PERCENT) {
        reached.set(volume, percent);
        const over = lastTold.get(volume);
        if (percent > 0 || !over) continue;
        onRelief(volume, used);
        events.raise(conditionOver(over.report, over.since));
      }
    }
  };
}

export interface DiskWatch {
  /** The share in use as last seen, by name. */
  used(): Readonly<Record<string, number>>;
  /** Looks now. */
  refresh(): Promise<void>;
}

/** Measures the file systems under some paths. */
export function watchDisks(
  paths: Readonly<Record<string, string>>,
  measure: (path: string) => Promise<number> = shareInUse,
): DiskWatch {
  const used: Record<string, number> = {};
  return {
    used: () => ({ ...used }),
    async refresh() {
      for (const [name, path] of Object.entries(paths)) used[name] = await measure(path);
    },
  };
}

/** Of what the service may use: blocks kept for root count as full. A folder still to be made lies in its parent. */
export async function shareInUse(path: string): Promise<number> {
  try {
    const { blocks, bfree, bavail } = await statfs(path);
    const inUse = blocks - bfree;
    return inUse / (inUse + bavail);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return shareInUse(parent);
  }
}
