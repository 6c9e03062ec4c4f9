import { z } from 'zod';
import { DRILLS, type DrillReport, type DrillStanding, type PerformedDrill } from './drill.ts';

const MOST_STEPS = 20;

const steps = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(100),
      took_ms: z.int().min(0).meta({ description: 'From the beginning of the drill.' }),
    }),
  )
  .max(MOST_STEPS, `name at most ${MOST_STEPS} steps`);

const members = {
  drill: z.enum(DRILLS),
  scope: z.string().max(63).nullable().meta({ description: 'The drill scope; null where it needs none.' }),
  passed: z.boolean(),
  steps,
};

export const drillRequest = z.strictObject({ ...members, scope: members.scope.default(null) }).meta({
  id: 'DrillRequest',
});

export const performedDrill = z
  .object({ ...members, performed_at: z.int(), performed_by: z.string() })
  .meta({ id: 'Drill' });

export const drillStanding = z
  .object({
    drill: z.enum(DRILLS),
    last_passed_at: z.int().nullable(),
    overdue_at: z.int(),
  })
  .meta({ id: 'DrillStanding' });

export function drillReport({ steps: named, ...report }: z.infer<typeof drillRequest>): DrillReport {
  return { ...report, steps: named.map(({ name, took_ms }) => ({ name, tookMs: took_ms })) };
}

export function drillRepresentation({ steps: named, at, by, ...report }: PerformedDrill) {
  return {
    ...report,
    steps: named.map(({ name, tookMs }) => ({ name, took_ms: tookMs })),
    performed_at: at,
    performed_by: by,
  };
}

export function standingRepresentation({ drill, lastPassedAt, overdueAt }: DrillStanding) {
  return { drill, last_passed_at: lastPassedAt, overdue_at: overdueAt };
}
