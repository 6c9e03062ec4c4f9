import { z } from 'zod';
import { ALGORITHM_NAMES } from '../../kernel/algorithm.ts';
import { TOKEN_TYPES } from '../../kernel/policy.ts';

const publicKey = z
  .looseObject({
    kty: z.enum(['EC', 'RSA', 'OKP']),
    kid: z.string().meta({ description: 'RFC 7638 thumbprint of the key.' }),
    use: z.literal('sig'),
    alg: z.enum(ALGORITHM_NAMES),
    nbf: z.int().meta({ description: 'When it was first published.' }),
    exp: z.int().meta({ description: 'When the last token of it has expired.' }),
    kw_sign_from: z.int().optional().meta({ description: 'First `iat` of its tokens.' }),
    kw_sign_until: z.int().meta({ description: 'Last `iat` of its tokens.' }),
  })
  .meta({ id: 'PublicKey', description: 'RFC 7517, with the members of its `kty`.' });

const publishedPolicy = z
  .object({
    max_ttl_seconds: z.int(),
    jwks_max_age_seconds: z.int(),
    max_stale_seconds: z.int(),
    clock_skew_seconds: z.int(),
    token_types: z.array(z.enum(TOKEN_TYPES)),
    require_subject: z.boolean(),
    root_claim: z.string().nullable(),
  })
  .meta({ id: 'PublishedPolicy', description: 'What a verifier obeys.' });

/** RFC 7517 §5, as far as the API's description goes. */
export const keySetDocument = z
  .object({
    keys: z.array(publicKey),
    kw_policy: publishedPolicy,
    kw_scope: z.string(),
    kw_version: z.int().meta({ description: 'It only grows.' }),
  })
  .meta({
    id: 'KeySet',
    examples: [
      {
        keys: [
          {
            kty: 'EC',
            crv: 'P-256',
            x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
            y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
            kid: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U',
            use: 'sig',
            alg: 'ES256',
            nbf: 1_795_464_946,
            exp: 1_803_848_546,
            kw_sign_until: 1_803_240_946,
          },
        ],
        kw_policy: {
          max_ttl_seconds: 3_600,
          jwks_max_age_seconds: 300,
          max_stale_seconds: 86_400,
          clock_skew_seconds: 30,
          token_types: ['at+jwt'],
          require_subject: true,
          root_claim: null,
        },
        kw_scope: 'payments',
        kw_version: 7,
      },
    ],
  });

export const signedKeySetDocument = z.string().meta({ examples: ['eyJhbGciOi…'] });

const SCOPE_URL = 'https://keys.example.com/scopes/payments';

/** RFC 8414 §2 and OpenID Connect Discovery §3. */
export const issuerMetadata = z
  .object({
    issuer: z.string(),
    jwks_uri: z.string().meta({ examples: [`${SCOPE_URL}/jwks.json`] }),
    response_types_supported: z.array(z.literal('id_token')),
    subject_types_supported: z.array(z.literal('public')),
    id_token_signing_alg_values_supported: z.array(z.enum(ALGORITHM_NAMES)),
    introspection_endpoint: z
      .string()
      .meta({ examples: ['https://keys.example.com/v1/scopes/payments/introspect'] }),
    introspection_endpoint_auth_methods_supported: z.array(
      z.enum(['client_secret_basic', 'client_secret_post']),
    ),
    revocation_endpoint: z
      .string()
      .meta({ examples: ['https://keys.example.com/v1/scopes/payments/revoke'] }),
    revocation_endpoint_auth_methods_supported: z.array(
      z.enum(['client_secret_basic', 'client_secret_post']),
    ),
  })
  .meta({ id: 'IssuerMetadata' });
