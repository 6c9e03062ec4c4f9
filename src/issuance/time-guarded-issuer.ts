import type { TimeGuard } from '../kernel/clock.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';

/** No token gets a time that cannot be believed (I13): `clock_jump`. */
export function timeGuardedIssuer(issuer: TokenIssuer, timeGuard: TimeGuard): TokenIssuer {
  return {
    async issue(request) {
      timeGuard.requireSteadyTime();
      return await issuer.issue(request);
    },
  };
}
