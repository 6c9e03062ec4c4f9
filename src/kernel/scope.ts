import { createHash } from 'node:crypto';
import { isLoopbackHost, withoutBrackets } from '../lib/host.ts';
import { ALGORITHM_NAMES, type Algorithm, isRsa, MODULUS_BITS, type ModulusBits } from './algorithm.ts';
import { contactFlaws } from '../domain/contacts.ts';
import type { FormerCaches } from '../domain/former-caches.ts';
import { type ScopePolicy, validatePolicy } from './policy.ts';
import type { RotationPause } from '../domain/rotation-pause.ts';
import { refuseFlawed, type ValidationIssue } from '../domain/validation-issue.ts';

/** One immutable (issuer, audience) pair with its algorithm and policy. Not OAuth's `scope` claim. */
export interface Scope {
  readonly id: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: Algorithm;
  /** RSA only. */
  readonly modulusBits: ModulusBits | null;
  readonly policy: ScopePolicy;
  /** E-mail addresses to which news of the scope goes. */
  readonly contacts: readonly string[];
  /** Where its next keys are made; those it has may be elsewhere. */
  readonly hsmToken: string;
  readonly createdAt: number;
  readonly rotationPause: RotationPause | null;
  readonly formerCaches: FormerCaches | null;
  /** Grows with every change of the published key set. */
  readonly keySetVersion: number;
}

export type ScopeDefinition = Pick<
  Scope,
  'id' | 'issuer' | 'audience' | 'algorithm' | 'modulusBits' | 'policy' | 'contacts' | 'hsmToken'
>;

export const SCOPE_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const SCOPE_ID_ADVICE = 'use 1 to 63 lower-case letters, digits and inner hyphens';
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Throws `invalid_scope` or `invalid_policy` that says which field is wrong first and what it may be. */
export function validateScope(definition: ScopeDefinition): void {
  refuseFlawed('invalid_scope', identityFlaws(definition));
  refuseFlawed('invalid_scope', contactFlaws(definition.contacts));
  validatePolicy(definition.policy);
}

type Identity = Omit<ScopeDefinition, 'policy' | 'contacts' | 'hsmToken'>;

/** What is wrong with what can never be changed of a scope. */
export function identityFlaws(definition: Identity): readonly ValidationIssue[] {
  return Object.entries(RULES).flatMap(([member, rule]) => {
    const advice = rule(definition);
    return advice === undefined ? [] : [{ path: [member], advice }];
  });
}

const RULES: Record<string, (definition: Identity) => string | undefined> = {
  id: ({ id }) => (SCOPE_ID.test(id) ? undefined : SCOPE_ID_ADVICE),
  issuer: ({ issuer }) => issuerAdvice(issuer),
  audience: ({ audience }) =>
    audience.length < 1 || audience.length > 512 || UNPRINTABLE.test(audience)
      ? 'use 1 to 512 printable characters'
      : undefined,
  algorithm: ({ algorithm }) =>
    ALGORITHM_NAMES.includes(algorithm) ? undefined : `use one of ${ALGORITHM_NAMES.join(', ')}`,
  modulus_bits: ({ algorithm, modulusBits }) => {
    if (isRsa(algorithm) !== (modulusBits !== null))
      return 'give it for RS256 and PS256, and for no other algorithm';
    return modulusBits === null || MODULUS_BITS.includes(modulusBits)
      ? undefined
      : `use one of ${MODULUS_BITS.join(', ')}`;
  },
};

/** https URL without query, fragment or user (RFC 8414 §2); http for loopback alone. */
function issuerAdvice(issuer: string): string | undefined {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (!url || issuer.length > 512 || /\s/.test(issuer) || UNPRINTABLE.test(issuer)) return 'use an https URL';
  if (
    url.protocol !== 'https:' &&
    !(url.protocol === 'http:' && isLoopbackHost(withoutBrackets(url.hostname)))
  ) {
    return 'use https; http is for loopback alone';
  }
  if (/[?#]/.test(issuer)) return 'leave out query and fragment';
  return url.username || url.password ? 'leave out user and password' : undefined;
}

/**
 * The label of a scope's keys in the HSM: it cannot be modified there, so a key made for one scope can never
 * be passed off as another's (I1).
 */
export function scopeLabel(scope: Pick<Scope, 'id' | 'issuer' | 'audience'>): string {
  const named = JSON.stringify(['keyward-scope-v1', scope.id, scope.issuer, scope.audience]);
  return `kw1.${createHash('sha256').update(named).digest('base64url')}`;
}

/**
 * The label of a decoy key. It looks like that of a scope and belongs to none: no binding record fits it, and the
 * signer tells it from the key's id (hex) alone.
 */
export function decoyLabel(hsmId: string): string {
  const named = JSON.stringify(['keyward-decoy-v1', hsmId]);
  return `kw1.${createHash('sha256').update(named).digest('base64url')}`;
}
