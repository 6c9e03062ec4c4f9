import { NOTHING_FOUND, type TokenFindings, type TokenTrace } from '../../src/reports/findings.ts';

/** As for a token that nothing is known of. */
export const FOUND_NOTHING: TokenFindings = { ...NOTHING_FOUND, readable: true };

export const TRACE: TokenTrace = {
  sequence: 9,
  scope: 'payments',
  kid: 'kid-1',
  jti: 'jti-1',
  client: 'identity',
  iat: 1_760_000_000,
  exp: 1_760_000_300,
};
