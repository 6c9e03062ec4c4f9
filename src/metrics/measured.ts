import { performance } from 'node:perf_hooks';
import type { IssuedToken, TokenIssuer } from '../kernel/issuance.ts';
import { SECURITY_EVENT_TYPES, severitiesOf } from '../kernel/security-event-types.ts';
import type { SecurityEvents } from '../kernel/security-events.ts';
import type { Sightings, TokenVerifier, Verdict } from '../kernel/verification.ts';
import type { Metrics } from './metrics.ts';

/** Counts and times what the issuer releases. A scope that does not exist releases nothing, so is no label. */
export function measuredIssuer(
  issuer: TokenIssuer,
  metrics: Pick<Metrics, 'tokensIssued' | 'issueSeconds'>,
): TokenIssuer {
  return {
    async issue(request): Promise<IssuedToken> {
      const startedAt = performance.now();
      const issued = await issuer.issue(request);
      metrics.issueSeconds.observe((performance.now() - startedAt) / 1000);
      metrics.tokensIssued.inc({ scope: request.scopeId });
      return issued;
    },
  };
}

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

/** Counts the digests that relying services report, by whether they are on record. */
export function measuredSightings(sightings: Sightings, metrics: Pick<Metrics, 'sightings'>): Sightings {
  return {
    async unknown(scopeId, seen, by) {
      const unknown = await sightings.unknown(scopeId, seen, by);
      metrics.sightings.inc({ scope: scopeId, recorded: 'yes' }, seen.length - unknown.length);
      metrics.sightings.inc({ scope: scopeId, recorded: 'no' }, unknown.length);
      return unknown;
    },
  };
}

/** Counts what was told for the first time; what was never told counts nought, so that a first one is a rise. */
export function measuredSecurityEvents(
  events: SecurityEvents,
  { securityEvents: counter }: Pick<Metrics, 'securityEvents'>,
): SecurityEvents {
  for (const type of SECURITY_EVENT_TYPES) {
    for (const severity of severitiesOf(type)) counter.inc({ type, severity }, 0);
  }
  return {
    async raise(report) {
      const isNew = await events.raise(report);
      if (isNew) counter.inc({ type: report.type, severity: report.severity });
      return isNew;
    },
  };
}
