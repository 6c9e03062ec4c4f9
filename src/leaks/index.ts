import { createLeakPartners } from '../access/partners.ts';
import type { Config } from '../config.ts';
import type { LeakPartners, LeakService } from '../kernel/leaks.ts';
import { PartnerReports } from './partners.ts';
import type { KnownDigestsAnswer } from './routes/wire.ts';
import { createLeakDesk, type LeakDeskParts } from './service.ts';

export type { KnownDigestsAnswer };

export interface Leaks {
  readonly leaks: LeakService;
  readonly leakPartners: LeakPartners;
  readonly leakReports: PartnerReports;
}

/** Of one partner: each may name a thousand strings. */
const REPORTS = { aMinute: 60, remembered: 1_000 };

/** Everything about strings that leaked: who may report them, and what is done then. */
export function openLeaks(parts: LeakDeskParts & { readonly config: Config }): Leaks {
  return {
    leaks: createLeakDesk(parts),
    leakPartners: createLeakPartners(parts.config.leaks.partners),
    leakReports: new PartnerReports(REPORTS, parts.clock),
  };
}
