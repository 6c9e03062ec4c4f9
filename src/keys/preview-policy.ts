import type { Clock } from '../kernel/clock.ts';
import { type KeyRing, requireScope } from '../kernel/key.ts';
import type { LivingTokens, LivingTokensReader } from '../kernel/ledger-search.ts';
import {
  type CountedTokens,
  type PolicyPreview,
  tightenedMembers,
  type VerifiedMember,
  withChanges,
} from '../kernel/scope-change.ts';

interface PolicyPreviewDeps {
  readonly keyRing: Pick<KeyRing, 'scope'>;
  readonly livingTokens: LivingTokensReader;
  readonly clock: Clock;
  /** What could not be counted; the answer goes without it, so that nobody is kept from narrowing. */
  readonly onFailure: (error: unknown, scopeId: string) => void;
}

export function createPolicyPreview(deps: PolicyPreviewDeps): PolicyPreview {
  const { keyRing, livingTokens, clock, onFailure } = deps;
  return {
    async refusals(scopeId, change) {
      const before = requireScope(keyRing, scopeId).policy;
      const after = withChanges(before, change);
      const members = tightenedMembers(before, after);
      if (members.length === 0) return [];
      const living = await livingTokens
        .living({
          scopeId,
          at: clock.nowSeconds(),
          acceptedTtlSeconds: before.maxTtlSeconds,
          ttlSeconds: after.maxTtlSeconds,
        })
        .catch((error: unknown) => {
          onFailure(error, scopeId);
          return null;
        });
      return members.map((member) => ({ member, counted: living && COUNTS[member](living) }));
    },
  };
}

const COUNTS: Record<VerifiedMember, (living: LivingTokens) => CountedTokens | null> = {
  maxTtlSeconds: ({ longer: tokens, complete }) => ({ tokens, bound: complete ? 'exact' : 'at_least' }),
  tokenTypes: ({ tokens, complete }) => atMost(tokens, complete),
  requireSubject: ({ withoutSubject, complete }) => atMost(withoutSubject, complete),
};

/** What was read in part is no bound above. */
function atMost(tokens: number, complete: boolean): CountedTokens | null {
  return complete ? { tokens, bound: 'at_most' } : null;
}
