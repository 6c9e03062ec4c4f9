import type { Canaries } from '../canaries/index.ts';
import { type ActivityAggregator, recordIssuance } from '../detection/activity.ts';
import type { Grants } from '../kernel/actor.ts';
import type { TimeGuard } from '../kernel/clock.ts';
import { measuredIssuer } from '../metrics/measured.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { supplied } from '../server/route.ts';
import { createTokenIssuer, type IssuingDeps, timeGuardedIssuer } from './issue-token.ts';
import { jwsRoutes } from './routes/jws.ts';
import { issueTokens } from './routes/token-batch.ts';
import { issueToken } from './routes/tokens.ts';
import { createSignatureChecker } from './signature-checker.ts';

/** The hot path comes first: Express tries routes in this order. */
export const ISSUANCE_ROUTES = { data: [issueToken, issueTokens, ...jwsRoutes] } as const;

interface IssuanceDeps extends Omit<IssuingDeps, 'checker'> {
  readonly timeGuard: TimeGuard;
  readonly activity: ActivityAggregator;
  readonly canaries: Pick<Canaries, 'watchSigner'>;
  readonly metrics: Metrics;
}

/** The hot path with all that watches it. */
export function openIssuance({ timeGuard, activity, canaries, metrics, ...deps }: IssuanceDeps) {
  const checker = createSignatureChecker();
  // From the inside out: what each call of the issuer goes through.
  const signer = canaries.watchSigner(deps.signer);
  const guarded = (grants: Grants) =>
    timeGuardedIssuer(createTokenIssuer({ ...deps, signer, checker, grants }), timeGuard);
  const recorded = recordIssuance(guarded(deps.grants), activity);
  const issuer = measuredIssuer(recorded, metrics);
  return {
    issuer,
    /** Asked with other grants, and not told to the detections: ledger, checks and time guard are the same. */
    issuerWith: (grants: Grants) => measuredIssuer(guarded(grants), metrics),
    routes: { data: supplied(ISSUANCE_ROUTES.data, { issuer }) },
    stop: () => checker.close(),
  };
}
