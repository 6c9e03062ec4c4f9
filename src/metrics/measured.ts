import { performance } from 'node:perf_hooks';
import type { IssuedToken, TokenIssuer } from '../kernel/issuance.ts';
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
