import { propagationSeconds, type ScopePolicy } from '../kernel/policy.ts';

/** Key sets that were fetched under a policy which let them be kept for longer than the present one does. */
export interface FormerCaches {
  /** How long, at most. */
  readonly seconds: number;
  /** When the last of them is gone, in seconds since the epoch. */
  readonly until: number;
}

interface Cached {
  readonly policy: ScopePolicy;
  /** Null while no policy of the scope has been shortened in that. */
  readonly formerCaches: FormerCaches | null;
}

/** What is to be remembered where the policy becomes another now. Both numbers only ever grow. */
export function formerCachesAfter(before: Cached, after: ScopePolicy, now: number): FormerCaches | null {
  const { policy, formerCaches } = before;
  const seconds = propagationSeconds(policy);
  if (seconds <= propagationSeconds(after)) return formerCaches;
  return {
    seconds: Math.max(seconds, formerCaches?.seconds ?? 0),
    until: Math.max(now + seconds, formerCaches?.until ?? 0),
  };
}
