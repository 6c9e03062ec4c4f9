/** Of the tokens of a scope that have not expired at that second and whose life, `exp - iat`, is no longer than is accepted. */
export interface LivingTokensQuestion {
  readonly scopeId: string;
  readonly at: number;
  readonly acceptedTtlSeconds: number;
  /** The life beyond which they are counted as longer. */
  readonly ttlSeconds: number;
}

/** From the ledger, revoked ones too. */
export interface LivingTokens {
  readonly tokens: number;
  readonly longer: number;
  /** Without a subject on record: they have none, it was not to be recorded, or it was erased. */
  readonly withoutSubject: number;
  /** False where there was more to read than was read: then all of it is at least so. */
  readonly complete: boolean;
}

/** Away from the hot path. */
export interface LivingTokensReader {
  /** `store_unavailable`, `overloaded`. */
  living(question: LivingTokensQuestion): Promise<LivingTokens>;
}
