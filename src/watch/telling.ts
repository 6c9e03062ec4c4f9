import type { CallerWatch } from '../domain/caller-watch.ts';
import type { Clock } from '../domain/clock.ts';
import type { Facts } from '../domain/facts.ts';
import type { TokenIssuer } from '../domain/issuance.ts';
import type { RefusalWatch } from '../domain/refused-request.ts';

/** Tells of each token that is released. */
export function tellingIssuer(issuer: TokenIssuer, facts: Facts): TokenIssuer {
  return {
    async issue(request) {
      const issued = await issuer.issue(request);
      facts.tell({ kind: 'issued', at: issued.iat, client: request.clientId, scope: request.scopeId });
      return issued;
    },
  };
}

/** Tells of who asks, let in or turned away; of the latter beside whoever else is told. */
export function tellingCallers(refusals: RefusalWatch, facts: Facts, clock: Clock): CallerWatch {
  return {
    authenticated(caller, remote) {
      facts.tell({ kind: 'authenticated', at: clock.nowSeconds(), caller, remote: remote ?? null });
    },
    // What a secret opens nothing with is nothing to learn from: the refusal is told beside it.
    shown: () => {},
    refused(request) {
      refusals.refused(request);
      const { plane, code, caller, remote } = request;
      const kind = plane === 'data' ? 'client' : 'operator';
      facts.tell({
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
