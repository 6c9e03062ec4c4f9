import { REVOCATION_GENESIS, revocationHash } from '../../domain/revocation-chain.ts';
import type { CheckpointAssertions } from './checkpoint-assertions.ts';
import type { Findings } from '../../audit-verify/finding.ts';
import type { SourceRevocation } from '../../audit-verify/trail-source.ts';

/** Recomputes the chain of revocations; answers how many there are. */
export function verifyRevocations(
  revocations: Iterable<SourceRevocation>,
  expectations: CheckpointAssertions,
  findings: Findings,
): number {
  let { sequence: last, hash: before } = REVOCATION_GENESIS;
  let count = 0;
  for (const { revocation, hash, flaw } of revocations) {
    const place = `revocation ${revocation.sequence}`;
    if (revocation.sequence !== last + 1) {
      const detail = `after ${last} comes ${revocation.sequence}`;
      findings.add('revocations', 'gap', `revocation ${last + 1}`, detail);
    } else if (!revocationHash(before, revocation).equals(hash)) {
      findings.add('revocations', 'bad_row', place, 'its content and the one before it do not give its hash');
    }
    if (flaw !== undefined) findings.add('revocations', 'bad_row', place, flaw);
    expectations.check(revocation.sequence, hash);
    last = revocation.sequence;
    before = hash;
    count += 1;
  }
  expectations.finish(last);
  return count;
}
