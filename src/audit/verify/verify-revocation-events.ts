import type { ChainHead } from '../../kernel/audit-chain.ts';
import { auditDetailsIn } from '../../domain/audit-details.ts';
import type { StoredEvent } from '../../kernel/audit.ts';
import type { Findings } from '../../audit-verify/finding.ts';

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
    const testimony = told.get(sequence);
    told.delete(sequence);
    if (testimony?.hash === Buffer.from(hash).toString('base64url')) continue;
    const detail = testimony
      ? `event ${testimony.event} tells it otherwise`
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
