import { KeywardError } from '../kernel/errors.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import type { RevocationRule } from '../kernel/revocation.ts';

/** From `iat` to the last instant at which any verifier takes the token, whatever the policy. */
export const LONGEST_LIFE_SECONDS = POLICY_BOUNDS.maxTtlSeconds[1] + 2 * POLICY_BOUNDS.clockSkewSeconds[1];
const LONGEST_NAME = 4_096;

/** `invalid_revocation` that says which member is wrong and what it may be. */
export function validateRule(rule: RevocationRule): void {
  const { scopeId, jti, root, clientId, issuedFrom, issuedUntil } = rule;
  for (const [member, value] of Object.entries({ jti, root })) {
    if (value !== null && (value.length < 1 || value.length > LONGEST_NAME)) {
      refuse(member, `use 1 to ${LONGEST_NAME} characters`);
    }
  }
  if (jti !== null && [root, clientId, issuedFrom, issuedUntil].some((other) => other !== null)) {
    refuse('jti', 'it names one token: leave out root, client and times');
  }
  if (issuedFrom !== null && issuedUntil !== null && issuedFrom > issuedUntil) {
    refuse('issued_until', 'must not lie before issued_from');
  }
  if (jti !== null || root !== null || clientId !== null) return;
  if (issuedFrom === null || issuedUntil === null) {
    refuse(
      'rule',
      'name a jti, a root event, a client, or all tokens of a scope by issued_from and issued_until',
    );
  }
  if (scopeId === null) refuse('scope', 'name the scope whose tokens of that time are revoked');
}

/**
 * A client's next token is a matter of its grants: what is revoked is what it has until now, `latestIat` being how
 * far ahead it may have dated it.
 */
export function completeRule(rule: RevocationRule, latestIat: number): RevocationRule {
  const openClientRule = rule.clientId !== null && rule.root === null && rule.issuedUntil === null;
  return openClientRule ? { ...rule, issuedUntil: latestIat } : rule;
}

/** When the last token that the rule fits has expired; null where that never comes. */
export function lapseOf(rule: RevocationRule, now: number): number | null {
  const last = rule.jti === null ? rule.issuedUntil : now;
  return last === null ? null : Math.max(last, now) + LONGEST_LIFE_SECONDS;
}

function refuse(member: string, advice: string): never {
  throw new KeywardError('invalid_revocation', `${member}: ${advice}`);
}
