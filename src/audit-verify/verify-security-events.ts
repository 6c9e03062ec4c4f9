import type { StoredEvent } from '../kernel/audit.ts';
import { evidenceCommitment } from '../kernel/event-chain.ts';
import { SECURITY_EVENT_RAISED, securityEventDetails } from '../domain/security-event-chain.ts';
import type { SecurityEvent } from '../kernel/security-events.ts';
import type { Findings } from './finding.ts';

export interface StoredSecurityEvent extends Omit<SecurityEvent, 'evidence'> {
  /** Commitments stand for personal values once they are erased; null only where somebody took it out. */
  readonly evidenceJson: string | null;
  readonly evidenceSalt: Uint8Array | null;
  readonly evidenceCommitment: Uint8Array;
  readonly auditSequence: number;
}

/** Holds each security event against the audit event that was written with it; answers how many there are. */
export function verifySecurityEvents(
  rows: Iterable<StoredSecurityEvent>,
  testimonyAt: (auditSequence: number) => StoredEvent | undefined,
  findings: Findings,
): number {
  let count = 0;
  for (const row of rows) {
    count += 1;
    const flaw = flawOf(row, testimonyAt(row.auditSequence));
    if (flaw) findings.add('security_events', 'bad_row', `security event ${row.sequence}`, flaw);
  }
  return count;
}

function flawOf(row: StoredSecurityEvent, testimony: StoredEvent | undefined): string | undefined {
  if (testimony?.type !== SECURITY_EVENT_RAISED) return 'no audit event testifies to it';
  const told = JSON.stringify(securityEventDetails(row, row.evidenceCommitment));
  const agrees =
    testimony.detailsJson === told && testimony.subject === row.subject && testimony.time === row.raisedAt;
  if (!agrees) return `audit event ${testimony.sequence} tells it otherwise`;
  if (row.evidenceJson === null || row.evidenceSalt === null) return 'its evidence is missing';
  const commitment = evidenceCommitment(row.evidenceSalt, row.evidenceJson);
  if (commitment.equals(row.evidenceCommitment)) return undefined;
  return 'its evidence is not what it was when it was raised';
}
