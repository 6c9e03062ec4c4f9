export type { RefusalReason } from '../domain/refusal.ts';
export type { TokenClaims } from './claims.ts';
export { createVerifier } from './create-verifier.ts';
export { ServiceFailure, TokenRefused, VerifierUnavailable } from './errors.ts';
export type { ForgeryReport, VerifierOptions } from './options.ts';
export type { ProblemCode, VerifierProblem } from './problem.ts';
export type { Credential } from './service.ts';
export type { Verifier, VerifierStatus } from './verifier.ts';
