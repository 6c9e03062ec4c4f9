/** Why a token is refused: the closed list of DESIGN §8, as `verify` and the client library answer it. */
export const REFUSAL_REASONS = [
  'malformed',
  'unsupported_algorithm',
  'unknown_key',
  'wrong_scope',
  'bad_signature',
  'wrong_type',
  'wrong_issuer',
  'wrong_audience',
  'expired',
  'not_yet_valid',
  'outside_signing_window',
  'lifetime_too_long',
  'key_suspended',
  'key_compromised',
  'key_retired',
  'revoked',
  'never_issued',
  'record_lost',
] as const;

/** One of `REFUSAL_REASONS`. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
