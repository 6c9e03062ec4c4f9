import type { AuditLog } from '../kernel/audit.ts';
import type { Capability } from '../kernel/capability.ts';
import type { Clock } from '../kernel/clock.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import { supplied } from '../server/route.ts';
import { createDrillWatch, openDrillLog } from './log.ts';
import { adminDrillRoutes } from './routes.ts';
import type { DrillsConfig } from './settings.ts';

export const DRILL_ROUTES = { operations: adminDrillRoutes } as const;

const LOOK_MS = 60_000;

interface DrillDeps {
  readonly config: DrillsConfig;
  readonly audit: AuditLog;
  readonly raiser: EventRaiser;
  readonly clock: Clock;
}

/** Rehearsals of an emergency: what was performed, and what is overdue. */
export async function openDrills({ config, audit, raiser: events, clock }: DrillDeps) {
  const overdueSeconds = config.overdue_days * 86_400;
  const drills = await openDrillLog({ audit, clock, overdueSeconds });
  const overdue = () =>
    drills.standings().map(({ drill, overdueAt }) => [drill, clock.nowSeconds() > overdueAt ? 1 : 0]);
  return {
    routes: { operations: supplied(DRILL_ROUTES.operations, { drills }) },
    gauges: { drillOverdue: () => Object.fromEntries(overdue()) },
    tasks: [
      { name: 'rehearsals', everyMs: LOOK_MS, tick: () => drills.refresh() },
      {
        name: 'overdue rehearsals',
        everyMs: LOOK_MS,
        byLeader: true,
        tick: createDrillWatch({ drills, events, clock }),
      },
    ],
  } satisfies Capability;
}
