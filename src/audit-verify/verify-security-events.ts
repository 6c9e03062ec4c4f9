import type { Findings, StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn, type ChainHead } from '../kernel/audit-chain.ts';
import { evidenceCommitment, SECURITY_EVENT_RAISED, securityEventDetails } from '../kernel/event-chain.ts';
import type { SecurityEvent } from '../kernel/security-events.ts';

interface StoredSecurityEvent extends Omit<SecurityEvent, 'evidence'> {
  /** Commitments stand for personal values once they are erased; null only where somebody took it out. */
  readonly evidenceJson: string | null;
  readonly evidenceSalt: Uint8Array | null;
  readonly evidenceCommitment: Uint8Array;
  readonly auditSequence: number;
}

/** Holds each security event against the audit event that was written with it; answers how many there are. */
export function verifySecurityEvents(
  rows: Iterable<StoredSecurityEvent>,
  auditRecordAt: (auditSequence: number) => StoredEvent | undefined,
  findings: Findings,
): number {
  let count = 0;
  for (const row of rows) {
    count += 1;
    const flaw = flawOf(row, auditRecordAt(row.auditSequence));
    if (flaw) findings.add('security_events', 'bad_row', `security event ${row.sequence}`, flaw);
  }
  return count;
}

function flawOf(row: StoredSecurityEvent, auditRecord: StoredEvent | undefined): string | undefined {
  if (auditRecord?.type !== SECURITY_EVENT_RAISED) return 'no audit event testifies to it';
  const told = JSON.stringify(securityEventDetails(row, row.evidenceCommitment));
  const agrees =
    auditRecord.detailsJson === told &&
    auditRecord.subject === row.subject &&
    auditRecord.time === row.raisedAt;
  if (!agrees) return `audit event ${auditRecord.sequence} tells it otherwise`;
  if (row.evidenceJson === null || row.evidenceSalt === null) return 'its evidence is missing';
  const commitment = evidenceCommitment(row.evidenceSalt, row.evidenceJson);
  if (commitment.equals(row.evidenceCommitment)) return undefined;
  return 'its evidence is not what it was when it was raised';
}

/** The audit event of each revocation fixes it by its hash; of several with one number the newest counts. */
export function verifyRevocationEvents(
  revocations: Iterable<ChainHead>,
  events: Iterable<StoredEvent>,
  findings: Findings,
): void {
  const told = new Map<number, { readonly hash: unknown; readonly event: number }>();
  for (const { sequence: event, detailsJson } of events) {
    const { sequence, hash } = auditDetailsIn(detailsJson);
    if (Number.isSafeInteger(sequence)) told.set(Number(sequence), { hash, event });
  }
  for (const { sequence, hash } of revocations) {
    const auditRecord = told.get(sequence);
    told.delete(sequence);
    if (auditRecord?.hash === Buffer.from(hash).toString('base64url')) continue;
    const detail = auditRecord
      ? `event ${auditRecord.event} tells it otherwise`
      : 'no audit event testifies to it';
    findings.add('revocations', 'bad_row', `revocation ${sequence}`, detail);
  }
  for (const [sequence, { event }] of told) {
    findings.add(
      'revocations',
      'gap',
      `revocation ${sequence}`,
      `event ${event} tells of it, and it is gone`,
    );
  }
}
