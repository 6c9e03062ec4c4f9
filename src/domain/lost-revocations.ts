import { auditDetailsIn } from './audit-details.ts';
import type { StoredEvent } from '../kernel/audit.ts';
import { commitmentTo, SALT_BYTES } from '../kernel/ledger-chain.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import { type NewRevocation, REVOCATION_ADDED } from '../kernel/revocation.ts';

const NO_ROOT = commitmentTo('root', new Uint8Array(SALT_BYTES), null).toString('base64url');
const LONGEST_LIFE_SECONDS = POLICY_BOUNDS.maxTtlSeconds[1] + 2 * POLICY_BOUNDS.clockSkewSeconds[1];

export interface RevokingAgain {
  readonly scopeIds: readonly string[];
  /** Last `iat` of tokens whose records may be lost. */
  readonly issuedUntil: number;
  readonly now: number;
}

/**
 * The rules that the audit trail tells of, with their own bounds. The trail does not say a root event, so that it can
 * be erased: of such a rule everything else is kept, which makes it fit more tokens, never fewer.
 */
export function revocationsIn(events: readonly StoredEvent[], again: RevokingAgain): NewRevocation[] {
  return events
    .filter(({ type }) => type === REVOCATION_ADDED)
    .flatMap((event) => rulesOf(event, again))
    .filter(({ lapsesAt }) => lapsesAt === null || lapsesAt > again.now);
}

/** Whether the rule can only be made again as one that fits more tokens. */
export function isBroadened({ detailsJson }: StoredEvent): boolean {
  return auditDetailsIn(detailsJson).root_commitment !== NO_ROOT;
}

function rulesOf(event: StoredEvent, { scopeIds, issuedUntil, now }: RevokingAgain): NewRevocation[] {
  const of = auditDetailsIn(event.detailsJson);
  const scopeId = text(of.scope_id);
  const rule: NewRevocation = {
    scopeId,
    jti: text(of.jti),
    root: null,
    clientId: text(of.client_id),
    issuedFrom: time(of.issued_from),
    issuedUntil: time(of.issued_until),
    lapsesAt: time(of.lapses_at),
    createdAt: now,
    revokedBy: event.actor,
    reason: text(of.reason) ?? '',
  };
  if (scopeId !== null && !scopeIds.includes(scopeId)) return [];
  if (!isBroadened(event)) return [rule];
  const bounded = {
    ...rule,
    issuedFrom: rule.issuedFrom ?? 0,
    issuedUntil: Math.min(rule.issuedUntil ?? issuedUntil, issuedUntil),
    lapsesAt: now + LONGEST_LIFE_SECONDS,
  };
  if (scopeId !== null || rule.clientId !== null) return [bounded];
  return scopeIds.map((id) => ({ ...bounded, scopeId: id }));
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function time(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
