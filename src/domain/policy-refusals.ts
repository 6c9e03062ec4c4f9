import type { ScopePolicy } from '../kernel/policy.ts';

type Tightens = (before: ScopePolicy, after: ScopePolicy) => boolean;

/** Of a policy, what every token is held against as it is now, also one that was issued before. */
const TIGHTENS = {
  maxTtlSeconds: (before, after) => after.maxTtlSeconds < before.maxTtlSeconds,
  tokenTypes: (before, after) => before.tokenTypes.some((type) => !after.tokenTypes.includes(type)),
  requireSubject: (before, after) => after.requireSubject && !before.requireSubject,
} as const satisfies Partial<Record<keyof ScopePolicy, Tightens>>;

export type VerifiedMember = keyof typeof TIGHTENS;
export const VERIFIED_MEMBERS = Object.keys(TIGHTENS) as readonly VerifiedMember[];

/** The members by whose change tokens are refused that were accepted before. */
export function tightenedMembers(before: ScopePolicy, after: ScopePolicy): readonly VerifiedMember[] {
  return VERIFIED_MEMBERS.filter((member) => TIGHTENS[member](before, after));
}

/**
 * `at_most` where the ledger does not say it of each token: it keeps no `typ`, and may have been told to keep no
 * subjects. `at_least` where there was more to read than was read.
 */
export const COUNT_BOUNDS = ['exact', 'at_least', 'at_most'] as const;

export interface CountedTokens {
  readonly tokens: number;
  readonly bound: (typeof COUNT_BOUNDS)[number];
}

/** How many living tokens the change of one member refuses at once; null where they could not be counted. */
export interface PolicyRefusal {
  readonly member: VerifiedMember;
  readonly counted: CountedTokens | null;
}

export interface PolicyPreview {
  /** One for each member that refuses tokens; changes nothing, and does not say whether the change is sound. `unknown_scope`. */
  refusals(scopeId: string, change: Partial<ScopePolicy>): Promise<readonly PolicyRefusal[]>;
}
