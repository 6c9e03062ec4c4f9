import { AUDIT_GENESIS, auditEventHash } from '../../kernel/audit-chain.ts';
import type { StoredEvent } from '../../kernel/audit.ts';
import type { CheckpointAssertions } from './checkpoint-assertions.ts';
import type { Findings } from '../../audit-verify/finding.ts';

/** Recomputes the chain of events; answers how many there are. */
export function verifyEvents(
  events: Iterable<StoredEvent>,
  expectations: CheckpointAssertions,
  findings: Findings,
): number {
  let { sequence: last, hash } = AUDIT_GENESIS;
  let count = 0;
  for (const event of events) {
    const place = `event ${event.sequence}`;
    if (event.sequence > last + 1) {
      findings.add('audit', 'gap', `event ${last + 1}`, `after event ${last} comes event ${event.sequence}`);
    } else if (event.sequence <= last) {
      findings.add('audit', 'fork', place, 'it stands there twice, with different content');
      continue;
    } else if (!auditEventHash(hash, event).equals(event.hash)) {
      findings.add('audit', 'bad_row', place, 'its content and the event before it do not give its hash');
    }
    expectations.check(event.sequence, event.hash);
    last = event.sequence;
    hash = event.hash;
    count += 1;
  }
  expectations.finish(last);
  return count;
}
