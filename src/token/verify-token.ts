import type { KeyObject } from 'node:crypto';
import type { Algorithm } from '../kernel/algorithm.ts';
import type { TokenType } from '../kernel/policy.ts';
import type { RefusalReason } from '../kernel/verification.ts';
import { areWellFormed, type ClaimRules, isAllowedType, refusalOfClaims } from './check-claims.ts';
import type { ParsedToken } from './parse-token.ts';
import type { SignatureCheck } from './signature.ts';

/** What a verifier holds a token against, once it has found the key that the token names within its scope. */
export interface VerificationRules {
  readonly algorithm: Algorithm;
  readonly publicKey: KeyObject;
  /** How, and in which thread: the answer is the same. */
  readonly checkSignature: SignatureCheck;
  readonly tokenTypes: readonly TokenType[];
  readonly requireSubject: boolean;
  readonly rules: ClaimRules;
  /** Why nothing of the key is accepted now. Asked again once the signature is checked, which takes time. */
  refusal(): RefusalReason | undefined;
}

interface TokenVerification {
  /** Undefined where the token keeps all the rules. */
  readonly refusal: RefusalReason | undefined;
  /** Whether the signature was found right: whoever made the token had the use of the key. */
  readonly signatureValid: boolean;
}

/**
 * The first rule that a token breaks, for service and library alike. What is cheap comes first, and what the
 * claims say counts only once the signature is known to be right: before it, an answer would describe a text that
 * anyone may have written. The order: algorithm, type, form of the claims, standing of the key; signature;
 * standing of the key as it is now; issuer, audience, expiry, start, signing window, lifetime.
 */
export async function verifyToken(
  token: ParsedToken,
  by: VerificationRules,
  now: number,
): Promise<TokenVerification> {
  const early = refusalBeforeSignature(token, by) ?? by.refusal();
  if (early) return { refusal: early, signatureValid: false };
  if (!(await by.checkSignature(by.algorithm, by.publicKey, token.signingInput, token.signature))) {
    return { refusal: 'bad_signature', signatureValid: false };
  }
  return { refusal: by.refusal() ?? refusalOfClaims(token.claims, by.rules, now), signatureValid: true };
}

function refusalBeforeSignature(
  { header, claims }: ParsedToken,
  { algorithm, tokenTypes, requireSubject }: VerificationRules,
): RefusalReason | undefined {
  if (header.alg !== algorithm) return 'unsupported_algorithm';
  if (!isAllowedType(header.typ, tokenTypes)) return 'wrong_type';
  const complete = !requireSubject || Object.hasOwn(claims, 'sub');
  return complete && areWellFormed({ header, claims }) ? undefined : 'malformed';
}
