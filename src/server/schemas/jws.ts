import { z } from 'zod';
import type { SigningKey } from '../../kernel/key.ts';
import { TOKEN_TYPES } from '../../kernel/policy.ts';
import type { Scope } from '../../kernel/scope.ts';
import { longestTtl } from '../../issuance/token-draft.ts';

export const jwsRequest = z
  .strictObject({
    signing_input: z.string('use header and claims in base64url with a dot between them').meta({
      description: 'Header and claims as RFC 7515 §5.1 has them. Signed as they are, or refused.',
    }),
  })
  .meta({ id: 'JwsRequest' });

export type JwsRequestBody = z.infer<typeof jwsRequest>;

export const jwsTerms = z
  .object({
    issuer: z.string(),
    audience: z.string(),
    kid: z.string().meta({ description: 'The key that signs now; a rotation makes it another.' }),
    alg: z.string(),
    token_types: z.array(z.enum(TOKEN_TYPES)).meta({ description: 'For `typ`; `untyped`: leave it out.' }),
    max_ttl_seconds: z.int().meta({ description: 'For `exp - iat`.' }),
    clock_skew_seconds: z.int().meta({ description: 'How far `iat` may be from the time here.' }),
    sign_until: z.int().meta({ description: 'The last `iat` for this key, unless it is rotated before.' }),
  })
  .meta({ id: 'JwsTerms' });

export function jwsTermsRepresentation(scope: Scope, key: SigningKey): z.infer<typeof jwsTerms> {
  const { issuer, audience, policy } = scope;
  return {
    issuer,
    audience,
    kid: key.kid,
    alg: key.binding.algorithm,
    token_types: [...policy.tokenTypes],
    max_ttl_seconds: longestTtl(scope, key),
    clock_skew_seconds: policy.clockSkewSeconds,
    sign_until: Math.min(key.signUntil, key.binding.signUntil),
  };
}
