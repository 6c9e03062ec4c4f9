import type { Activity } from '../kernel/activity.ts';
import type { Clock } from '../kernel/clock.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';
import type { RefusalWatch } from '../domain/refused-request.ts';
import type { RequestObserver } from '../domain/request-observer.ts';

/** Tells of each token that is released. */
export function recordIssuance(issuer: TokenIssuer, facts: Activity): TokenIssuer {
  return {
    async issue(request) {
      const issued = await issuer.issue(request);
      facts.record({ kind: 'issued', at: issued.iat, client: request.clientId, scope: request.scopeId });
      return issued;
    },
  };
}

/** Tells of who asks, let in or turned away; of the latter beside whoever else is told. */
export function recordCallers(refusals: RefusalWatch, facts: Activity, clock: Clock): RequestObserver {
  return {
    authenticated(caller, remote) {
      facts.record({ kind: 'authenticated', at: clock.nowSeconds(), caller, remote: remote ?? null });
    },
    // What a secret opens nothing with is nothing to learn from: the refusal is told beside it.
    rejectedSecret: () => {},
    refused(request) {
      refusals.refused(request);
      const { plane, code, caller, remote } = request;
      const kind = plane === 'data' ? 'client' : 'operator';
      facts.record({
        kind: 'refused',
        at: clock.nowSeconds(),
        plane,
        code,
        caller: caller === undefined ? null : `${kind}:${caller}`,
        remote: remote ?? null,
      });
    },
  };
}
