import type { TokenVerifier } from '../../../src/kernel/verification.ts';
import { NOW, PAYMENTS } from '../../support/payments.ts';

const { issuer: iss, audience: aud } = PAYMENTS;
const claims = { iss, aud, sub: 'u', iat: NOW, exp: NOW + 300, jti: 'jti-1' };

/** Finds `good` valid, and no other token. */
export const goodVerifier: TokenVerifier = {
  verify: async (_scopeId, token) =>
    token === 'good'
      ? { valid: true, claims, kid: 'kid-1', keyState: 'active' }
      : { valid: false, reason: 'malformed' },
};
