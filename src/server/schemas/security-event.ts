import { z } from 'zod';
import { EVENT_STATES, type EventStep, type TrackedEvent } from '../../domain/event-steps.ts';
import { SECURITY_EVENT_TYPES, SEVERITIES } from '../../kernel/security-event-types.ts';
import { note } from './note.ts';
import { newestFirst } from '../wire.ts';
import { wholeNumberText } from './whole-number-text.ts';

const seconds = wholeNumberText('use seconds since the epoch').optional();

/** Names one event in a path. */
export const eventPath = z.strictObject({ sequence: wholeNumberText('use the sequence of the event') });

export const eventQuery = newestFirst.extend({
  state: z.enum(EVENT_STATES).optional(),
  type: z.enum(SECURITY_EVENT_TYPES).optional(),
  severity: z.enum(SEVERITIES).optional(),
  scope: z
    .string('give it once')
    .min(1, 'leave it out or give a value')
    .max(64, 'a scope id is shorter')
    .optional()
    .meta({ description: 'About this scope, or about a key of it.' }),
  from: seconds.meta({ description: 'Raised at or after it.' }),
  to: seconds.meta({ description: 'Raised at or before it.' }),
});

export const acknowledgement = z
  .strictObject({ note: note.nullable().default(null) })
  .meta({ id: 'EventAcknowledgement', example: { note: 'looking at it' } });
export const resolution = z
  .strictObject({ note })
  .meta({ id: 'EventResolution', example: { note: 'the key was destroyed by hand, as planned' } });

const step = z
  .object({ by: z.string(), at: z.int(), note: z.string().nullable() })
  .nullable()
  .meta({ id: 'SecurityEventStep' });

export const securityEvent = z
  .object({
    sequence: z.int(),
    raised_at: z.int(),
    type: z.enum(SECURITY_EVENT_TYPES),
    severity: z.enum(SEVERITIES),
    subject: z.string(),
    evidence: z.record(z.string(), z.unknown()).nullable().meta({
      description:
        '`claims` and `record` are null once they are erased; all of it is null where the database lacks it.',
    }),
    state: z.enum(EVENT_STATES),
    acknowledged: step,
    resolved: step,
  })
  .meta({ id: 'SecurityEvent' });

export function eventRepresentation(of: TrackedEvent): z.infer<typeof securityEvent> {
  const { sequence, raisedAt: raised_at, type, severity, subject, evidence, state } = of;
  const steps = { acknowledged: plain(of.acknowledged), resolved: plain(of.resolved) };
  return { sequence, raised_at, type, severity, subject, evidence, state, ...steps };
}

function plain(step: EventStep | null) {
  return step && { by: step.by, at: step.at, note: step.note };
}
