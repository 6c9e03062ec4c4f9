import { DEFAULT_ALGORITHM, isRsa, MODULUS_BITS } from '../kernel/algorithm.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import {
  DEFAULT_POLICY,
  memberName,
  policyFlaws,
  type ScopePolicy,
  type ValidationIssue,
} from '../kernel/policy.ts';
import { identityFlaws, type Placement, placementFlaws, sameContacts } from '../kernel/scope.ts';
import { changedMembers, narrowedOnly, widenedMembers, withChanges } from '../kernel/scope-change.ts';
import { type PolicyMembers, policyChange, policyRepresentation } from '../keys/policy-schema.ts';
import type { Change, CurrentScope, ScopeEntry, Step } from './document.ts';

interface ScopeComparison {
  /** What makes the service accept less: it goes first. */
  readonly narrowing: readonly Step[];
  readonly creating: readonly Step[];
  readonly widening: readonly Step[];
  readonly flaws: readonly ValidationIssue[];
}

const NOTHING: ScopeComparison = { narrowing: [], creating: [], widening: [], flaws: [] };

export function compareScope(
  id: string,
  entry: ScopeEntry,
  current: CurrentScope | undefined,
): ScopeComparison {
  const flaws = current ? immutableFlaws(entry, current) : newScopeFlaws(id, entry);
  const before = current?.policy ?? DEFAULT_POLICY;
  const after = withChanges(before, policyChange(entry.policy ?? {}));
  const placed = placementOf(entry, current);
  const all = [...flaws, ...policyFlaws(after), ...placementFlaws(placed)];
  if (all.length > 0) {
    return { ...NOTHING, flaws: all.map(({ path, advice }) => ({ path: ['scopes', id, ...path], advice })) };
  }
  if (!current) return { ...NOTHING, creating: [creation(id, entry)] };
  const between = narrowedOnly(before, after);
  return {
    ...NOTHING,
    narrowing: [...policyStep(id, before, between), ...standbyGone(id, placed, current)],
    widening: [
      ...policyStep(id, between, after),
      ...contactsStep(id, entry, current),
      ...tokenStep(id, placed, current),
    ],
  };
}

function newScopeFlaws(id: string, entry: ScopeEntry): readonly ValidationIssue[] {
  const { issuer, audience, algorithm = DEFAULT_ALGORITHM } = entry;
  const modulusBits = entry.modulus_bits ?? (isRsa(algorithm) ? MODULUS_BITS[0] : null);
  return identityFlaws({ id, issuer, audience, algorithm, modulusBits });
}

/** A key is bound to these for life. */
function immutableFlaws(entry: ScopeEntry, current: CurrentScope): readonly ValidationIssue[] {
  const fixed = [
    ['issuer', entry.issuer, current.issuer],
    ['audience', entry.audience, current.audience],
    ['algorithm', entry.algorithm ?? current.algorithm, current.algorithm],
    ['modulus_bits', entry.modulus_bits ?? current.modulusBits, current.modulusBits],
  ] as const;
  return fixed.flatMap(([member, wanted, is]) => {
    if (wanted === is) return [];
    const has = is === null ? 'none' : JSON.stringify(is);
    return [{ path: [member], advice: `cannot change: this scope has ${has}; make another scope` }];
  });
}

function creation(
  id: string,
  { issuer, audience, algorithm, modulus_bits, hsm_token, standby_token, policy, contacts }: ScopeEntry,
): Step {
  const placed = { hsm_token, standby_token };
  const body = defined({ id, issuer, audience, algorithm, modulus_bits, ...placed, policy, contacts });
  const { id: _, ...to } = body;
  return {
    method: 'POST',
    path: '/scopes',
    body,
    changes: [{ action: 'create', kind: 'scope', id, to, weakens: true }],
    needs: [],
    makes: `scope:${id}`,
  };
}

function policyStep(id: string, before: ScopePolicy, after: ScopePolicy): readonly Step[] {
  const changed = changedMembers(before, after);
  if (changed.length === 0) return [];
  const widened = new Set(widenedMembers(before, after));
  const [was, is] = [policyRepresentation(before), policyRepresentation(after)];
  const changes = changed.map((member): Change => {
    const name = memberName(member) as keyof PolicyMembers;
    return { ...ofScope(id, name), from: was[name], to: is[name], weakens: widened.has(member) };
  });
  const policy = Object.fromEntries(changes.map(({ member = '', to }) => [member, to]));
  return [{ ...change(id), body: { policy }, changes, needs: [] }];
}

function contactsStep(id: string, { contacts }: ScopeEntry, current: CurrentScope): readonly Step[] {
  if (contacts === undefined || sameContacts(contacts, current.contacts)) return [];
  const changed = { ...ofScope(id, 'contacts'), from: current.contacts, to: contacts, weakens: true };
  return [{ ...change(id), body: { contacts }, changes: [changed], needs: [] }];
}

function placementOf({ hsm_token, standby_token }: ScopeEntry, current: CurrentScope | undefined): Placement {
  return {
    hsmToken: hsm_token ?? current?.hsmToken ?? FIRST_TOKEN,
    standbyToken: standby_token === undefined ? (current?.standbyToken ?? null) : standby_token,
  };
}

/** One token less for its keys. */
function standbyGone(id: string, { standbyToken: to }: Placement, current: CurrentScope): readonly Step[] {
  const { standbyToken: from } = current;
  if (to !== null || from === null) return [];
  const changed = { ...ofScope(id, 'standby_token'), from, to, weakens: false };
  return [{ ...change(id), body: { standby_token: to }, changes: [changed], needs: [] }];
}

/** Keys stay where they are: it is where the next ones are made. Both at once: either alone may contradict the other. */
function tokenStep(
  id: string,
  { hsmToken, standbyToken }: Placement,
  current: CurrentScope,
): readonly Step[] {
  const members = [
    ['hsm_token', current.hsmToken, hsmToken],
    ['standby_token', current.standbyToken, standbyToken],
  ] as const;
  const changes = members
    .filter(([, from, to]) => from !== to && to !== null)
    .map(([member, from, to]): Change => ({ ...ofScope(id, member), from, to, weakens: true }));
  if (changes.length === 0) return [];
  const body = Object.fromEntries(changes.map(({ member = '', to }) => [member, to]));
  return [{ ...change(id), body, changes, needs: [] }];
}

function change(id: string) {
  return { method: 'PATCH', path: `/scopes/${id}` } as const;
}

function ofScope(id: string, member: string) {
  return { action: 'change', kind: 'scope', id, member } as const;
}

export function defined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
