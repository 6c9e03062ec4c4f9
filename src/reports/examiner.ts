import type { TokenFindings } from './findings.ts';

export interface ShownToken {
  /** For which it was reported. */
  readonly scopeId: string;
  readonly token: string;
  /** That of the report. */
  readonly requestId: string;
}

/** Finds out about a token that somebody shows. */
export interface TokenExaminer {
  /** SHA-256 of what the signature is over, whatever was shown: all before the last dot. */
  digestOf(token: string): Buffer;
  /**
   * Never rejects for what was shown: what could not be found out stands in `failure`. A right signature without a
   * record raises the alarm that `verify` raises.
   */
  examine(shown: ShownToken): Promise<TokenFindings>;
}
