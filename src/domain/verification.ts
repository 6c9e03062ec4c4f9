import type { KeyState } from '../kernel/key.ts';
import type { RefusalReason } from '../kernel/verification.ts';
import type { RequestOrigin } from './request-origin.ts';

export type Verdict =
  | {
      readonly valid: true;
      readonly claims: Readonly<Record<string, unknown>>;
      readonly kid: string;
      readonly keyState: KeyState;
    }
  | {
      readonly valid: false;
      readonly reason: RefusalReason;
      /** A header that no honest issuer of ours writes (`jku`, `jwk`, `crit` …); counted as a security event. */
      readonly suspiciousHeader?: string;
    };

/** Verifies a token *for a scope* that the relying service names; there is no other way to verify one (I4). */
export interface TokenVerifier {
  /**
   * Never throws for what was presented as a token. `unknown_scope` where the scope does not exist. By whom it is
   * presented changes no verdict: it is for what watches.
   */
  verify(scopeId: string, presented: unknown, by?: RequestOrigin): Promise<Verdict>;
}
