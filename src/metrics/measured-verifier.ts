import type { TokenVerifier, Verdict } from '../domain/verification.ts';
import type { Metrics } from './metrics.ts';

/** Those that are counted by name. */
export const SUSPICIOUS_HEADERS = ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip', 'other'] as const;
const NAMED: ReadonlySet<string> = new Set(SUSPICIOUS_HEADERS);

/** Counts refusals by reason. A scope that does not exist has no verdict, so is no label. */
export function measuredVerifier(
  verifier: TokenVerifier,
  metrics: Pick<Metrics, 'refusals' | 'suspiciousHeaders'>,
): TokenVerifier {
  return {
    async verify(scopeId, presented, by): Promise<Verdict> {
      const verdict = await verifier.verify(scopeId, presented, by);
      if (!verdict.valid) {
        metrics.refusals.inc({ scope: scopeId, reason: verdict.reason });
        if (verdict.suspiciousHeader !== undefined) {
          metrics.suspiciousHeaders.inc({ header: closedLabel(verdict.suspiciousHeader) });
        }
      }
      return verdict;
    },
  };
}

function closedLabel(header: string): string {
  return NAMED.has(header) ? header : 'other';
}
