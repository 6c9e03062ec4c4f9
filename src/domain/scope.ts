import { createHash } from 'node:crypto';
import { ALGORITHM_NAMES, type Algorithm, isRsa, MODULUS_BITS, type ModulusBits } from './algorithm.ts';
import { KeywardError } from './errors.ts';
import { type ScopePolicy, validatePolicy } from './policy.ts';

/** One immutable (issuer, audience) pair with its algorithm and policy. Not OAuth's `scope` claim. */
export interface Scope {
  readonly id: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: Algorithm;
  /** RSA only. */
  readonly modulusBits: ModulusBits | null;
  readonly policy: ScopePolicy;
  readonly createdAt: number;
  /** Grows with every change of the published key set. */
  readonly keySetVersion: number;
}

export type ScopeDefinition = Pick<
  Scope,
  'id' | 'issuer' | 'audience' | 'algorithm' | 'modulusBits' | 'policy'
>;

const SCOPE_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Throws `invalid_scope` that says which field is wrong and what it may be. */
export function validateScope(definition: ScopeDefinition): void {
  if (!SCOPE_ID.test(definition.id)) {
    refuse('id', 'use 1 to 63 lower-case letters, digits and inner hyphens');
  }
  validateIssuer(definition.issuer);
  validateAudience(definition.audience);
  if (!ALGORITHM_NAMES.includes(definition.algorithm)) {
    refuse('algorithm', `use one of ${ALGORITHM_NAMES.join(', ')}`);
  }
  if (isRsa(definition.algorithm) !== (definition.modulusBits !== null)) {
    refuse('modulus_bits', 'give it for RS256 and PS256, and for no other algorithm');
  }
  if (definition.modulusBits !== null && !MODULUS_BITS.includes(definition.modulusBits)) {
    refuse('modulus_bits', `use one of ${MODULUS_BITS.join(', ')}`);
  }
  validatePolicy(definition.policy);
}

/** https URL without query, fragment or user (RFC 8414 §2); http for loopback alone. */
function validateIssuer(issuer: string): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (!url || issuer.length > 512 || /\s/.test(issuer) || UNPRINTABLE.test(issuer)) {
    refuse('issuer', 'use an https URL');
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    refuse('issuer', 'use https; http is for loopback alone');
  }
  if (/[?#]/.test(issuer)) refuse('issuer', 'leave out query and fragment');
  if (url.username || url.password) refuse('issuer', 'leave out user and password');
}

function validateAudience(audience: string): void {
  if (audience.length < 1 || audience.length > 512 || UNPRINTABLE.test(audience)) {
    refuse('audience', 'use 1 to 512 printable characters');
  }
}

function refuse(field: string, advice: string): never {
  throw new KeywardError('invalid_scope', `${field}: ${advice}`);
}

/**
 * The label of a scope's keys in the HSM: it cannot be modified there, so a key made for one scope can never
 * be passed off as another's (I1).
 */
export function scopeLabel(scope: Pick<Scope, 'id' | 'issuer' | 'audience'>): string {
  const named = JSON.stringify(['keyward-scope-v1', scope.id, scope.issuer, scope.audience]);
  return `kw1.${createHash('sha256').update(named).digest('base64url')}`;
}
