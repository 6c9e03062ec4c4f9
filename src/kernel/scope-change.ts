import type { ScopePolicy } from './policy.ts';

type Member = keyof ScopePolicy;

/** Whether a member that becomes this makes the service accept less, so that one person may do it (I11). */
type Narrows<T> = (before: T, after: T) => boolean;

const shorter: Narrows<number> = (before, after) => after < before;
const turnedOn: Narrows<boolean> = (before, after) => !before && after;
const turnedOff: Narrows<boolean> = (before, after) => before && !after;
const fewer: Narrows<readonly string[]> = (before, after) =>
  after.length < before.length &&
  isDeepEqual(
    after,
    before.filter((each) => after.includes(each)),
  );
/** What the ledger keeps: less is evidence lost, more are personal values kept. */
const never: Narrows<unknown> = () => false;

const NARROWS: { readonly [K in Member]: Narrows<ScopePolicy[K]> } = {
  maxTtlSeconds: shorter,
  defaultTtlSeconds: shorter,
  cryptoperiodSeconds: shorter,
  jwksMaxAgeSeconds: shorter,
  maxStaleSeconds: shorter,
  clockSkewSeconds: shorter,
  tokenTypes: fewer,
  requireSubject: turnedOn,
  recordSubject: never,
  rootClaim: never,
  suspendOnForgery: turnedOn,
  externalClaims: turnedOff,
};

export const POLICY_MEMBERS = Object.keys(NARROWS) as readonly Member[];

/**
 * The policy with other values in some places. A shorter `maxTtlSeconds` alone shortens `defaultTtlSeconds`.
 * Whether it is sound is for `validatePolicy` to say.
 */
export function withChanges(policy: ScopePolicy, changes: Partial<ScopePolicy>): ScopePolicy {
  const { defaultTtlSeconds, maxTtlSeconds } = { ...policy, ...changes };
  return {
    ...policy,
    ...changes,
    defaultTtlSeconds: changes.defaultTtlSeconds ?? Math.min(defaultTtlSeconds, maxTtlSeconds),
  };
}

export function changedMembers(before: ScopePolicy, after: ScopePolicy): readonly Member[] {
  return POLICY_MEMBERS.filter((member) => !isDeepEqual(before[member], after[member]));
}

/** The members whose change takes two persons: all but those of which it is known that they narrow. */
export function widenedMembers(before: ScopePolicy, after: ScopePolicy): readonly Member[] {
  return changedMembers(before, after).filter((member) => !narrows(member, before, after));
}

/**
 * The part of a change that one person may make: on the way to a sound policy `after` it is a sound policy too,
 * since each span is the shorter of two and both pairs were in order.
 */
export function narrowedOnly(before: ScopePolicy, after: ScopePolicy): ScopePolicy {
  const kept = widenedMembers(before, after).map((member) => [member, before[member]]);
  return { ...after, ...Object.fromEntries(kept) };
}

function narrows<K extends Member>(member: K, before: ScopePolicy, after: ScopePolicy): boolean {
  return NARROWS[member](before[member], after[member]);
}

function isDeepEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
