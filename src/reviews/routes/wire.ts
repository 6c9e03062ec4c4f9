import { z } from 'zod';
import { SECURITY_EVENT_TYPES, SEVERITIES } from '../../kernel/security-event-types.ts';
import { EVENT_STATES } from '../../kernel/security-events.ts';
import { note } from '../../server/wire.ts';
import type { Listed, Review, ReviewPeriod, ReviewStatus, SignedOffReview } from '../review.ts';

const count = z.int().min(0);
const list = <T extends z.ZodType>(element: T) =>
  z.object({ listed: z.array(element), more: count.meta({ description: 'Left out.' }) });
const severities = z.object(Object.fromEntries(SEVERITIES.map((name) => [name, count])) as Counts);
type Counts = Record<(typeof SEVERITIES)[number], typeof count>;

const period = z
  .object({
    from: z.int().meta({ examples: [1_794_860_146] }),
    to: z.int().meta({ examples: [1_795_464_946] }),
    first_event: z.int().meta({ description: 'Of the audit trail.' }),
    last_event: z.int(),
    more: z.boolean().meta({ description: 'There is more after it, for the next review.' }),
  })
  .meta({ id: 'ReviewPeriod' });

const review = z
  .object({
    period,
    new_callers: list(
      z.object({ caller: z.string(), at: z.int(), by: z.string(), approved_by: z.string().nullable() }),
    ),
    new_sources: list(z.object({ caller: z.string(), network: z.string(), event: z.int(), at: z.int() })),
    denied: list(
      z.object({
        caller: z.string().nullable(),
        what: z.string(),
        code: z.string(),
        count,
        remotes: z.array(z.string()),
      }),
    ),
    volume: list(
      z.object({
        client: z.string(),
        scope: z.string(),
        tokens: count,
        before: count.nullable().meta({
          description: 'In as many hours before; null where the service is not as old.',
        }),
      }),
    ),
    odd_hours: list(z.object({ client: z.string(), scope: z.string(), at: z.int(), tokens: count })),
    ledger_counted_from: z.int().nullable().meta({
      description: 'Where there was too much to count: volumes and odd hours are of what was issued since.',
    }),
    acts: list(z.object({ type: z.string(), count, by: z.array(z.string()), last_at: z.int() })),
    unresolved: list(
      z.object({
        sequence: z.int(),
        type: z.enum(SECURITY_EVENT_TYPES),
        severity: z.enum(SEVERITIES),
        subject: z.string(),
        state: z.enum(EVENT_STATES),
        raised_at: z.int(),
      }),
    ).extend({ counts: z.object({ open: severities, acknowledged: severities }) }),
  })
  .meta({ id: 'Review' });

export const signOff = z
  .strictObject({
    digest: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, 'use the digest of the review that was shown')
      .optional()
      .meta({ description: 'Left out, what was shown to you last.' }),
    note: note.refine((said) => said.trim() !== '', 'say what you found'),
  })
  .meta({ id: 'ReviewSignOff', examples: [{ note: 'nothing unexpected; the new client is the shop’s' }] });

export const signedOff = z
  .object({
    period,
    digest: z.string(),
    note: z.string(),
    acts: count,
    own_acts: count,
    signed_off_by: z.string(),
    signed_off_at: z.int(),
  })
  .meta({ id: 'SignedOffReview' });

const standing = {
  covered_until: z.int().meta({ description: 'Until then everything was looked at.' }),
  overdue_at: z.int(),
};

export const currentAnswer = z.object({
  review,
  digest: z.string(),
  acts: z.int().meta({ description: 'Administrative acts in it.' }),
  own_acts: z.int().meta({ description: 'Those of whoever asks: another person should look at them.' }),
  ...standing,
});

export const listAnswer = z.object({ reviews: z.array(signedOff), ...standing });

export type ReviewAnswer = z.infer<typeof currentAnswer>;
export type SignedOffAnswer = z.infer<typeof signedOff>;
export type SignedOffList = z.infer<typeof listAnswer>;

export function reviewRepresentation(of: Review): z.infer<typeof review> {
  return {
    period: periodRepresentation(of.period),
    new_callers: each(of.newCallers, ({ caller, at, by, approvedBy: approved_by }) => ({
      caller,
      at,
      by,
      approved_by,
    })),
    new_sources: each(of.newSources, (source) => ({ ...source })),
    denied: each(of.denied, (denied) => ({ ...denied, remotes: [...denied.remotes] })),
    volume: each(of.volume, (change) => ({ ...change })),
    odd_hours: each(of.oddHours, (odd) => ({ ...odd })),
    ledger_counted_from: of.ledgerCountedFrom,
    acts: each(of.acts, ({ type, count: times, by, lastAt: last_at }) => ({
      type,
      count: times,
      by: [...by],
      last_at,
    })),
    unresolved: {
      ...each(of.unresolved, ({ raisedAt: raised_at, ...event }) => ({ ...event, raised_at })),
      counts: of.unresolved.counts,
    },
  };
}

export function signedOffRepresentation({ period: of, ownActs, by, at, ...signed }: SignedOffReview) {
  return {
    period: periodRepresentation(of),
    ...signed,
    own_acts: ownActs,
    signed_off_by: by,
    signed_off_at: at,
  };
}

export function standingRepresentation({ coveredUntil, overdueAt }: ReviewStatus) {
  return { covered_until: coveredUntil, overdue_at: overdueAt };
}

function periodRepresentation({ from, to, firstEvent, lastEvent, more }: ReviewPeriod) {
  return { from, to, first_event: firstEvent, last_event: lastEvent, more };
}

function each<T, R>(
  { listed, more }: Listed<T>,
  represent: (element: T) => R,
): { listed: R[]; more: number } {
  return { listed: listed.map(represent), more };
}
