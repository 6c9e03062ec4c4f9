import type { Activity, RefusalWatch, RequestObserver } from '../../src/kernel/activity.ts';
import type { TokenIssuer } from '../../src/kernel/issuance.ts';

export class ActivityAggregator implements Activity {
  readonly dropped = 0;

  record(): void {}

  take(): readonly never[] {
    return [];
  }
}

export const recordIssuance = (issuer: TokenIssuer): TokenIssuer => issuer;

export const recordCallers = (refusals: RefusalWatch): RequestObserver => ({
  authenticated: () => {},
  rejectedSecret: () => {},
  refused: (request) => refusals.refused(request),
});
