import { createLeakPartners } from '../access/partners.ts';
import type { Canaries } from '../canaries/index.ts';
import type { Config } from '../config.ts';
import { supplied } from '../server/route.ts';
import { PartnerReports } from './partners.ts';
import { adminLeakRoutes } from './routes/admin.ts';
import { reportLeaks } from './routes/public.ts';
import type { KnownDigestsAnswer } from './routes/wire.ts';
import { createLeakService, type LeakServiceDeps } from './service.ts';

export type { KnownDigestsAnswer };

export const LEAK_ROUTES = { data: [reportLeaks], operations: adminLeakRoutes } as const;

/** Of one partner: each may name a thousand strings. */
const REPORTS = { aMinute: 60, remembered: 1_000 };

interface LeakDeps extends Omit<LeakServiceDeps, 'events' | 'revocations' | 'revoker'> {
  readonly config: Config;
  readonly revocations: LeakServiceDeps['revocations'] & LeakServiceDeps['revoker'];
  /** Waited for: the answer to whoever reports depends on it. */
  readonly securityEvents: LeakServiceDeps['events'];
  readonly canaries: Pick<Canaries, 'watchLeaks'>;
}

/** Everything about strings that leaked: who may report them, and what is done then. */
export function openLeaks({ config, canaries, securityEvents: events, ...deps }: LeakDeps) {
  const leaks = canaries.watchLeaks(createLeakService({ ...deps, events, revoker: deps.revocations }));
  const leakPartners = createLeakPartners(config.leaks.partners);
  const leakReports = new PartnerReports(REPORTS, deps.clock);
  return {
    leaks,
    routes: {
      data: supplied(LEAK_ROUTES.data, { leaks, leakPartners, leakReports }),
      operations: supplied(LEAK_ROUTES.operations, { leaks }),
    },
  };
}
