import { auditDetailsIn } from '../../domain/audit-details.ts';
import type { StoredEvent } from '../../kernel/audit.ts';
import { SERVICE_KEYS_ENROLLED } from '../../domain/service-keys.ts';
import type { AuditPublicKey } from '../../token/checkpoint.ts';
import type { Findings } from '../../audit-verify/finding.ts';

/** Each audit key that the configuration names as a former one was followed by the next with two persons' word, and no other. */
export function verifyEnrolments(
  events: Iterable<StoredEvent>,
  { former = [] }: AuditPublicKey,
  findings: Findings,
): void {
  const kids = new Set(former.map(({ kid }) => kid));
  const enrolled = new Set<unknown>();
  for (const { type, sequence, detailsJson } of events) {
    if (type !== SERVICE_KEYS_ENROLLED) continue;
    const { former_audit_key } = auditDetailsIn(detailsJson);
    enrolled.add(former_audit_key);
    if (kids.has(String(former_audit_key))) continue;
    const detail =
      'it tells of successors to an audit key that the configuration does not name as a former one';
    findings.add('audit', 'refused', `event ${sequence}`, detail);
  }
  for (const kid of kids) {
    if (enrolled.has(kid)) continue;
    const detail = 'no event tells that two persons enrolled its successor';
    findings.add('checkpoints', 'refused', `former audit key ${kid}`, detail);
  }
}
