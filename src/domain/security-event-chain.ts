import type { StepState } from './event-steps.ts';
import type { SecurityEvent } from '../kernel/security-events.ts';

type Told = Pick<SecurityEvent, 'sequence' | 'type' | 'severity' | 'dedupKey'>;

export const SECURITY_EVENT_RAISED = 'security_event.raised';

/**
 * The details of the audit event that is written with a security event: with its subject and time they fix every
 * value of the row, the evidence by its commitment. Whoever checks the row composes the same.
 */
export function securityEventDetails(
  { sequence, type, severity, dedupKey }: Told,
  commitment: Uint8Array,
): Readonly<Record<string, unknown>> {
  return {
    sequence,
    type,
    severity,
    dedup_key: dedupKey,
    evidence_commitment: Buffer.from(commitment).toString('base64url'),
  };
}

export const STEP_TESTIMONIES = {
  acknowledged: 'security_event.acknowledged',
  resolved: 'security_event.resolved',
} as const satisfies Record<StepState, string>;

/** As it is kept: beside it, what its audit event says too. */
export interface StoredStep {
  readonly sequence: number;
  readonly eventSequence: number;
  readonly state: StepState;
  readonly by: string;
  readonly at: number;
  readonly note: string | null;
  readonly auditSequence: number;
}

export function stepSubject({ eventSequence }: Pick<StoredStep, 'eventSequence'>): string {
  return `security_event:${eventSequence}`;
}

/** With its type, actor, subject and time they fix every value of the row. */
export function stepDetails({ sequence, note }: Pick<StoredStep, 'sequence' | 'note'>) {
  return { step: sequence, note } as const;
}
