import { memberName, type ScopePolicy } from './policy.ts';
import { type Placement, type Scope, sameContacts } from './scope.ts';

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

const POLICY_MEMBERS = Object.keys(NARROWS) as readonly Member[];

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

/** What can be changed of a scope, as far as it shall change. */
export interface ScopeChange {
  readonly policy?: Partial<ScopePolicy> | undefined;
  readonly contacts?: readonly string[] | undefined;
  /** The HSM token that its next keys are made on. */
  readonly hsmToken?: string | undefined;
  /** Null for none. */
  readonly standbyToken?: string | null | undefined;
}

/** What differs between a scope before and after, in the API's names. */
interface ScopeDifference {
  readonly was: Readonly<Record<string, unknown>>;
  readonly is: Readonly<Record<string, unknown>>;
  /**
   * The members whose change takes two persons (I11). Contacts are where notifications go, a token is where keys are
   * made: one may take the second token away.
   */
  readonly weakens: readonly string[];
}

/** The scope as it would be. Whether that is sound is for `validateScope` to say. */
export function changedScope<T extends Changeable>(scope: T, change: ScopeChange): T {
  const { contacts = scope.contacts } = change;
  return {
    ...scope,
    policy: withChanges(scope.policy, change.policy ?? {}),
    contacts: sameContacts(contacts, scope.contacts) ? scope.contacts : contacts,
    hsmToken: change.hsmToken ?? scope.hsmToken,
    standbyToken: change.standbyToken === undefined ? scope.standbyToken : change.standbyToken,
  };
}

type Changeable = Pick<Scope, 'policy' | 'contacts' | keyof Placement>;

export function scopeDifference(before: Changeable, after: Changeable): ScopeDifference {
  const members = changedMembers(before.policy, after.policy);
  const contacts = !sameContacts(before.contacts, after.contacts);
  const moved = before.hsmToken !== after.hsmToken;
  const standby = before.standbyToken !== after.standbyToken;
  const named = (scope: Changeable) => ({
    ...Object.fromEntries(members.map((member) => [memberName(member), scope.policy[member]])),
    ...(contacts ? { contacts: scope.contacts } : {}),
    ...(moved ? { hsm_token: scope.hsmToken } : {}),
    ...(standby ? { standby_token: scope.standbyToken } : {}),
  });
  const widened = widenedMembers(before.policy, after.policy).map(memberName);
  const weakens = [
    ...widened,
    ...(contacts ? ['contacts'] : []),
    ...(moved ? ['hsm_token'] : []),
    ...(standby && after.standbyToken !== null ? ['standby_token'] : []),
  ];
  return { was: named(before), is: named(after), weakens };
}

export function isUnchanged({ is }: ScopeDifference): boolean {
  return Object.keys(is).length === 0;
}

/** Whether the published key set, or how long it may be used, becomes another. */
export function changesKeySet(
  { policy: before }: Pick<Scope, 'policy'>,
  { policy: after }: Pick<Scope, 'policy'>,
): boolean {
  const shown = new Set<keyof ScopePolicy>([
    'maxTtlSeconds',
    'jwksMaxAgeSeconds',
    'maxStaleSeconds',
    'clockSkewSeconds',
    'tokenTypes',
    'requireSubject',
    'rootClaim',
  ]);
  return changedMembers(before, after).some((member) => shown.has(member));
}

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
