import { NewestOfType, type TypedTrail } from '../audit/index.ts';
import { type AuditLog, actOf, type StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import {
  DRILLS,
  type Drill,
  type DrillLog,
  type DrillReport,
  DUE_DRILLS,
  type PerformedDrill,
} from './drill.ts';

const TYPE = 'drill.performed';
const MOST = 100;

interface DrillLogDeps {
  readonly audit: Pick<AuditLog, 'record' | 'witnessedAfter'> & TypedTrail;
  readonly clock: Clock;
  readonly overdueSeconds: number;
}

export async function openDrillLog({ audit, clock, overdueSeconds }: DrillLogDeps): Promise<DrillLog> {
  const [first] = await audit.witnessedAfter(0, 1);
  const beginning = first?.time ?? clock.nowSeconds();
  const performed = await NewestOfType.open(audit, { type: TYPE, most: MOST, of: fromEvent });

  const lastPassed = (drill: Drill) =>
    performed.list.find((each) => each.drill === drill && each.passed)?.at ?? null;

  return {
    async record(report, actor) {
      const subject = report.scope === null ? `drill:${report.drill}` : `scope:${report.scope}`;
      await audit.record(actOf(actor, TYPE, subject, detailsOf(report)));
      await performed.refresh();
      const { operatorId: by } = actor;
      // As the trail has it, which is what a restart reads.
      const own = performed.list.find((each) => each.by === by && each.drill === report.drill);
      return { ...report, at: own?.at ?? clock.nowSeconds(), by };
    },
    refresh: () => performed.refresh(),
    list: () => performed.list,
    standings: () =>
      DUE_DRILLS.map((drill) => {
        const lastPassedAt = lastPassed(drill);
        const since = lastPassedAt ?? beginning;
        return { drill, lastPassedAt, since, overdueAt: since + overdueSeconds };
      }),
  };
}

function detailsOf({ drill, scope, passed, steps }: DrillReport) {
  return { drill, scope, passed, steps: steps.map(({ name, tookMs }) => ({ name, took_ms: tookMs })) };
}

function fromEvent({ time, actor, detailsJson }: StoredEvent): PerformedDrill {
  const { drill, scope, passed, steps } = auditDetailsIn(detailsJson);
  const listed = Array.isArray(steps) ? (steps as readonly Readonly<Record<string, unknown>>[]) : [];
  return {
    drill: DRILLS.find((name) => name === drill) ?? 'rotation',
    scope: typeof scope === 'string' ? scope : null,
    passed: passed === true,
    steps: listed.map(({ name, took_ms }) => ({ name: String(name), tookMs: Number(took_ms) })),
    at: time,
    by: actor,
  };
}

interface DrillWatchDeps {
  readonly drills: Pick<DrillLog, 'refresh' | 'standings'>;
  readonly events: EventRaiser;
  readonly clock: Clock;
}

/** Warns of each rehearsal that is overdue, once. Answers how to look. */
export function createDrillWatch({ drills, events, clock }: DrillWatchDeps): () => Promise<void> {
  return async () => {
    await drills.refresh();
    for (const { drill, since, overdueAt, lastPassedAt } of drills.standings()) {
      const evidence = { drill, since, last_passed_at: lastPassedAt, overdue_at: overdueAt };
      if (clock.nowSeconds() > overdueAt) events.raise(securityEvent('drill.overdue', evidence));
    }
  };
}
