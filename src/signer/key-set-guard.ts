import type { Binding } from '../kernel/key.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import { type BindingIssuer, readIssuedBinding } from '../token/binding-record.ts';
import {
  composePublishedKey,
  composePublishedPolicy,
  MAX_KEYS,
  type PublishedKey,
  readPublishedKey,
  readPublishedPolicy,
} from '../token/published-key-set.ts';
import type { Claims } from '../token/statement.ts';
import { refuse, requireThat } from './guard.ts';

const MEMBERS = ['iss', 'sub', 'iat', 'exp', 'version', 'keys', 'kw_policy'];
const [, LONGEST_SKEW] = POLICY_BOUNDS.clockSkewSeconds;

/**
 * A key set may hold only keys that were bound to the very scope it is of, each with its record by its token's key,
 * within the bounds of that record. So a front gone bad can have no key of its own, or of another scope, pass
 * for one of the scope's. Answers whose set it is, and its version.
 */
export function requireTrueKeySet(
  claims: Claims,
  records: readonly string[],
  bindingIssuers: ReadonlyMap<string, BindingIssuer>,
): { readonly scope: string; readonly version: number } {
  const { iss, sub, iat, exp, version, keys } = claims;
  requireThat(
    Object.keys(claims).length === MEMBERS.length && MEMBERS.every((name) => Object.hasOwn(claims, name)),
    'the key set has other members than it must have',
  );
  if (typeof iss !== 'string' || typeof sub !== 'string') refuse('the key set names no scope');
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) refuse('the key set has no list of keys');
  requireThat(Number.isSafeInteger(version) && Number(version) > 0, 'the key set has no version');
  requireLifetime(iat, exp, claims.kw_policy);
  requireThat(records.length === keys.length, 'there is not one binding record for each key of the set');
  const kids = new Set<string>();
  for (const [at, jwk] of keys.entries()) {
    const binding = readIssuedBinding(records[at] ?? '', bindingIssuers);
    requireThat(
      binding.scope === sub && binding.issuer === iss,
      'a key of the set is bound to another scope',
    );
    kids.add(requireBoundKey(jwk, binding).kid);
  }
  requireThat(kids.size === keys.length, 'a key stands twice in the set');
  return { scope: sub, version: Number(version) };
}

function requireLifetime(iat: unknown, exp: unknown, kwPolicy: unknown): void {
  const policy = orRefuse(() => readPublishedPolicy(kwPolicy));
  requireSame(kwPolicy, composePublishedPolicy(policy), 'the policy in the key set');
  const { jwksMaxAgeSeconds, maxStaleSeconds } = policy;
  requireThat(
    Number.isSafeInteger(iat) && Number(exp) === Number(iat) + jwksMaxAgeSeconds + maxStaleSeconds,
    'the key set lives for another time than its policy says',
  );
}

function requireBoundKey(jwk: unknown, binding: Binding): PublishedKey {
  const key = orRefuse(() => readPublishedKey(jwk));
  requireSame(jwk, composePublishedKey(key), 'a key of the set');
  requireThat(
    key.kid === binding.kid && key.algorithm === binding.algorithm,
    'a key of the set is not the one that its binding record names',
  );
  requireThat(
    (key.signFrom ?? binding.signFrom) >= binding.signFrom &&
      key.signUntil <= binding.signUntil &&
      key.verifyUntil <= key.signUntil + binding.maxTtlSeconds + LONGEST_SKEW,
    'a key of the set has wider bounds than its binding record',
  );
  return key;
}

/** What is composed again from what was read must be what was given: so there is nothing beside it. */
function requireSame(given: unknown, composed: object, what: string): void {
  const names = Object.keys(given as object);
  requireThat(
    names.length === Object.keys(composed).length && names.every((name) => Object.hasOwn(composed, name)),
    `${what} has other members than it must have`,
  );
}

function orRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'it cannot be read');
  }
}
