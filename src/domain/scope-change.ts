import { sameContacts } from './contacts.ts';
import { memberName, type ScopePolicy } from '../kernel/policy.ts';
import { changedMembers, widenedMembers, withChanges } from '../kernel/scope-change.ts';
import type { Scope } from '../kernel/scope.ts';

/** What can be changed of a scope, as far as it shall change. */
export interface ScopeChange {
  readonly policy?: Partial<ScopePolicy> | undefined;
  readonly contacts?: readonly string[] | undefined;
  /** The HSM token that its next keys are made on. */
  readonly hsmToken?: string | undefined;
}

/** What differs between a scope before and after, in the API's names. */
export interface ScopeDifference {
  readonly was: Readonly<Record<string, unknown>>;
  readonly is: Readonly<Record<string, unknown>>;
  /** The members whose change takes two persons (I11). Contacts are where notifications go, a token is where keys are made. */
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
  };
}

type Changeable = Pick<Scope, 'policy' | 'contacts' | 'hsmToken'>;

export function scopeDifference(before: Changeable, after: Changeable): ScopeDifference {
  const members = changedMembers(before.policy, after.policy);
  const contacts = !sameContacts(before.contacts, after.contacts);
  const moved = before.hsmToken !== after.hsmToken;
  const named = (scope: Changeable) => ({
    ...Object.fromEntries(members.map((member) => [memberName(member), scope.policy[member]])),
    ...(contacts ? { contacts: scope.contacts } : {}),
    ...(moved ? { hsm_token: scope.hsmToken } : {}),
  });
  const widened = widenedMembers(before.policy, after.policy).map(memberName);
  const weakens = [...widened, ...(contacts ? ['contacts'] : []), ...(moved ? ['hsm_token'] : [])];
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
