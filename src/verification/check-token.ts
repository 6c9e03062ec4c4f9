import type { Clock } from '../kernel/clock.ts';
import { type KeyRing, type KeyState, requireScope, type SigningKey, verifyUntil } from '../kernel/key.ts';
import type { Scope } from '../kernel/scope.ts';
import type { RefusalReason, Verdict } from '../kernel/verification.ts';
import type { ClaimRules } from '../token/check-claims.ts';
import { type ParsedToken, parseToken } from '../token/parse-token.ts';
import { verifySignature } from '../token/signature.ts';
import { type VerificationRules, verifyToken } from '../token/verify-token.ts';
import { rememberRight } from './known-signatures.ts';

const REFUSED_STATES = new Map<KeyState, RefusalReason>([
  ['suspended', 'key_suspended'],
  ['compromised', 'key_compromised'],
  ['destroyed', 'key_retired'],
  // A standby has signed nothing yet: whatever bears its name was dated outside its window.
  ['pre_activation', 'outside_signing_window'],
]);

/** The scope's own key of that `kid`, or why there is none. Another scope's key is never returned (I4). */
export function findKey(keyRing: KeyRing, scope: Scope, kid: string): SigningKey | RefusalReason {
  const [key, twin] = keyRing.keysOf(scope.id).filter((candidate) => candidate.kid === kid);
  if (twin) return 'unknown_key';
  if (key) return key;
  const elsewhere = keyRing.keyNamed(kid);
  if (!elsewhere) return 'unknown_key';
  return elsewhere.scopeId === scope.id ? elsewhere : 'wrong_scope';
}

/** Why nothing of the key is accepted at that time, whatever the token says. */
function refusalOfKey(key: SigningKey, scope: Scope, now: number): RefusalReason | undefined {
  const refused = REFUSED_STATES.get(key.state);
  if (refused) return refused;
  return now > verifyUntil(key, scope.policy.clockSkewSeconds) ? 'key_retired' : undefined;
}

/** A key may have been suspended or declared compromised since it was looked up. */
export function refusalOfKeyNow(
  keyRing: KeyRing,
  { scope, key }: { readonly scope: Scope; readonly key: SigningKey },
  now: number,
): RefusalReason | undefined {
  const current = findKey(keyRing, scope, key.kid);
  return typeof current === 'string' ? current : refusalOfKey(current, scope, now);
}

export interface TokenCheckDeps {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
}

/** A token whose signature was found right: whoever made it had the use of the key. */
export interface SignedToken {
  readonly scope: Scope;
  readonly key: SigningKey;
  readonly token: ParsedToken;
}

/** A token with the key that it names and the scope of that key, whether or not the key signed it. */
export type ClaimedKeyToken = SignedToken;

interface VerificationResult {
  readonly verdict: Verdict;
  /** Also of a token that is refused for what it says. */
  readonly signed: SignedToken | undefined;
  /** Refused for its key before the signature was looked at, which may yet be right. */
  readonly unexamined?: ClaimedKeyToken | undefined;
}

/** What can be told without asking whether the token was ever issued. `unknown_scope`. */
export type TokenCheck = (scopeId: string, presented: unknown) => Promise<VerificationResult>;

/** Form and key of the scope here, all else as `verifyToken` has it. */
export function createTokenCheck({ keyRing, clock }: TokenCheckDeps): TokenCheck {
  const checkSignature = rememberRight(verifySignature);
  return async (scopeId, presented) => {
    const scope = requireScope(keyRing, scopeId);
    const parsed = parseToken(presented);
    if (!parsed.ok) return refuse('malformed', suspicion(parsed.suspiciousHeader));
    const { token } = parsed;
    const key = findKey(keyRing, scope, token.header.kid);
    if (key === 'wrong_scope') return { ...refuse(key), unexamined: foreign(keyRing, token) };
    if (typeof key === 'string') return refuse(key);
    const now = clock.nowSeconds();
    const { refusal, signatureValid: signed } = await verifyToken(
      token,
      { ...verificationRulesOf(keyRing, scope, key, now), checkSignature },
      now,
    );
    const of = signed ? { scope, key, token } : undefined;
    if (refusal) {
      const unexamined = !signed && KEY_REFUSALS.has(refusal) ? { scope, key, token } : undefined;
      return { ...refuse(refusal), signed: of, unexamined };
    }
    return { verdict: { valid: true, claims: token.claims, kid: key.kid, keyState: key.state }, signed: of };
  };
}

/** Refusals for the standing of the key: of such a token the signature is not looked at. */
const KEY_REFUSALS: ReadonlySet<RefusalReason> = new Set([
  'key_suspended',
  'key_compromised',
  'key_retired',
  'outside_signing_window',
]);

/** Undefined where no key of ours has that name. */
function foreign(keyRing: KeyRing, token: ParsedToken): ClaimedKeyToken | undefined {
  const key = keyRing.keyNamed(token.header.kid);
  const scope = key && keyRing.scope(key.scopeId);
  return scope && { scope, key, token };
}

/** The key as it was found, and as it is by then: it may be suspended or compromised in between. */
function verificationRulesOf(
  keyRing: KeyRing,
  scope: Scope,
  key: SigningKey,
  now: number,
): Omit<VerificationRules, 'checkSignature'> {
  const { tokenTypes, requireSubject } = scope.policy;
  return {
    algorithm: key.binding.algorithm,
    publicKey: key.publicKey,
    tokenTypes,
    requireSubject,
    rules: rulesOf(scope, key),
    refusal: () => refusalOfKey(key, scope, now) ?? refusalOfKeyNow(keyRing, { scope, key }, now),
  };
}

/** The registry's window and the binding's, the policy's lifetime and the binding's: the narrower of each. */
function rulesOf(
  { issuer, audience, policy }: Scope,
  { binding, signFrom, signUntil }: SigningKey,
): ClaimRules {
  return {
    issuer,
    audience,
    clockSkewSeconds: policy.clockSkewSeconds,
    maxTtlSeconds: Math.min(policy.maxTtlSeconds, binding.maxTtlSeconds),
    signFrom: Math.max(signFrom ?? binding.signFrom, binding.signFrom),
    signUntil: Math.min(signUntil, binding.signUntil),
  };
}

function refuse(reason: RefusalReason, details: { suspiciousHeader?: string } = {}): VerificationResult {
  return { verdict: { valid: false, reason, ...details }, signed: undefined };
}

function suspicion(suspiciousHeader: string | undefined) {
  return suspiciousHeader === undefined ? {} : { suspiciousHeader };
}
