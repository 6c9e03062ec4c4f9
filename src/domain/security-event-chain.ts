import type { SecurityEvent } from './security-events.ts';

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
