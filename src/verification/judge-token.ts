import type { Clock } from '../domain/clock.ts';
import { KeywardError } from '../domain/errors.ts';
import type { SigningKey } from '../domain/key.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { RefusalReason } from '../domain/refusal.ts';
import type { Scope } from '../domain/scope.ts';
import type { Verdict } from '../domain/verification.ts';
import { areWellFormed, type ClaimRules, refusalOfClaims } from '../token/check-claims.ts';
import { isAllowedType } from '../token/check-type.ts';
import { type ParsedToken, parseToken } from '../token/parse-token.ts';
import { verifySignature } from '../token/signature.ts';
import { findKey, refusalOfKey, refusalOfKeyNow } from './key-standing.ts';

export interface JudgingParts {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
}

/** A token whose signature was found right: whoever made it had the use of the key. */
export interface GenuineToken {
  readonly scope: Scope;
  readonly key: SigningKey;
  readonly token: ParsedToken;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Also of a token that is refused for what it says. */
  readonly genuine: GenuineToken | undefined;
}

/** What can be told without asking whether the token was ever issued. `unknown_scope`. */
export type TokenJudge = (scopeId: string, presented: string) => Promise<Judgement>;

/** A token that could be read, with the key that its scope has under the token's `kid`. */
interface Candidate extends GenuineToken {
  readonly now: number;
}

type Step = (candidate: Candidate) => RefusalReason | undefined | Promise<RefusalReason | undefined>;

/**
 * The first step that refuses names the reason. What is cheap comes first, and what the claims say counts only
 * once the signature is known to be right: before it, an answer would describe a text that anyone may have
 * written. The order: form, key of the scope, algorithm, type, form of the claims, standing of the key;
 * signature; standing of the key as it is now; issuer, audience, expiry, start, signing window, lifetime.
 */
export function createTokenJudge({ keyRing, clock }: JudgingParts): TokenJudge {
  const beforeSignature: readonly Step[] = [
    checkAlgorithm,
    checkType,
    checkForm,
    ({ key, scope, now }) => refusalOfKey(key, scope, now),
    checkSignature,
  ];
  const afterSignature: readonly Step[] = [
    ({ key, scope, now }) => refusalOfKeyNow(keyRing, { key, scope }, now),
    ({ token, key, scope, now }) => refusalOfClaims(token.claims, rulesOf(scope, key), now),
  ];
  return async (scopeId, presented) => {
    const scope = keyRing.scope(scopeId);
    if (!scope) throw new KeywardError('unknown_scope', 'there is no scope of this id');
    const parsed = parseToken(presented);
    if (!parsed.ok) return refuse('malformed', suspicion(parsed.suspiciousHeader));
    const { token } = parsed;
    const key = findKey(keyRing, scope, token.header.kid);
    if (typeof key === 'string') return refuse(key);
    const candidate = { scope, key, token, now: clock.nowSeconds() };
    const early = await firstRefusal(beforeSignature, candidate);
    if (early) return refuse(early);
    const genuine = { scope, key, token };
    const late = await firstRefusal(afterSignature, candidate);
    if (late) return { ...refuse(late), genuine };
    return { verdict: { valid: true, claims: token.claims, kid: key.kid, keyState: key.state }, genuine };
  };
}

async function firstRefusal(steps: readonly Step[], candidate: Candidate) {
  for (const step of steps) {
    const reason = await step(candidate);
    if (reason) return reason;
  }
  return undefined;
}

const checkAlgorithm: Step = ({ token, key }) =>
  token.header.alg === key.binding.algorithm ? undefined : 'unsupported_algorithm';

const checkType: Step = ({ token, scope }) =>
  isAllowedType(token.header.typ, scope.policy.tokenTypes) ? undefined : 'wrong_type';

const checkForm: Step = ({ token, scope }) =>
  areWellFormed(token) && (!scope.policy.requireSubject || Object.hasOwn(token.claims, 'sub'))
    ? undefined
    : 'malformed';

const checkSignature: Step = async ({ token, key }) => {
  const { signingInput, signature } = token;
  return (await verifySignature(key.binding.algorithm, key.publicKey, signingInput, signature))
    ? undefined
    : 'bad_signature';
};

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

function refuse(reason: RefusalReason, details: { suspiciousHeader?: string } = {}): Judgement {
  return { verdict: { valid: false, reason, ...details }, genuine: undefined };
}

function suspicion(suspiciousHeader: string | undefined) {
  return suspiciousHeader === undefined ? {} : { suspiciousHeader };
}
