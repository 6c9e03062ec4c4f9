import type { IssuedToken } from '../../src/kernel/issuance.ts';
import type { SigningKey } from '../../src/kernel/key.ts';
import type { Scope } from '../../src/kernel/scope.ts';
import { createKeyRing } from '../../src/keys/key-ring.ts';
import { aScope, aSigningKey, softwareKey } from './software-keys.ts';

/** One scope with its key, as the service has them and as its planes answer them. */
export const NOW = 1_800_000_000;

export const PAYMENTS: Scope = {
  ...aScope({ id: 'payments', issuer: 'https://id.example', audience: 'payments-api' }),
  createdAt: NOW,
};

export const ACTIVE_KEY: SigningKey = aSigningKey(
  PAYMENTS,
  { ...softwareKey('ES256'), kid: 'kid-1' },
  { signFrom: NOW, signUntil: NOW + 1000, bindingRecord: 'e30.e30.c2ln' },
);

/** The real one, with nothing else in it. */
export const keyRing = createKeyRing();
keyRing.put({ scopes: [PAYMENTS], keys: [ACTIVE_KEY] });
keyRing.applyProofs([{ kid: 'kid-1', found: true, proven: true, attributes: {}, unproven: [] }]);

export const ISSUED = { token: 'a.b.c', kid: 'kid-1', jti: 'jti-1', iat: NOW, exp: NOW + 300 };
/** As the issuer releases it. */
export const RELEASED: IssuedToken = { ...ISSUED, canRelease: () => true };

export const ACTIVE_KEY_ANSWER = {
  kid: 'kid-1',
  scope: 'payments',
  state: 'active',
  algorithm: 'ES256',
  hsm_token: 'primary',
  hsm_id: ACTIVE_KEY.binding.hsmId,
  public_jwk: ACTIVE_KEY.publicJwk,
  max_ttl_seconds: 3600,
  created_at: NOW,
  published_at: NOW,
  sign_from: NOW,
  sign_until: NOW + 1000,
  activated_at: null,
  deactivated_at: null,
  suspended_at: null,
  resumed_at: null,
  compromised_at: null,
  token_compromised_at: null,
  private_half_destroyed_at: null,
  destroyed_at: null,
  kept_for_forensics: false,
  verify_until: NOW + 1000 + 3600 + 30,
  proof: { status: 'proven', reasons: [] },
};

export const PAYMENTS_ANSWER = {
  id: 'payments',
  issuer: 'https://id.example',
  audience: 'payments-api',
  algorithm: 'ES256',
  modulus_bits: null,
  hsm_token: 'primary',
  standby_token: null,
  policy: {
    max_ttl_seconds: 3600,
    default_ttl_seconds: 300,
    cryptoperiod_seconds: 1_209_600,
    jwks_max_age_seconds: 300,
    max_stale_seconds: 3600,
    clock_skew_seconds: 30,
    token_types: ['at+jwt', 'JWT'],
    require_subject: true,
    record_subject: 'plain',
    root_claim: null,
    suspend_on_forgery: false,
    external_claims: false,
  },
  contacts: [],
  created_at: NOW,
  rotation_pause: null,
  jwks_uri: '/scopes/payments/jwks.json',
};
