import { z } from 'zod';
import { WRITTEN_TYPES } from '../../kernel/policy.ts';
import { problem } from './problem.ts';

export const MAX_BATCH = 1_000;

/** What a caller asks to be signed. Limits on claims and lifetime are the scope's, so the issuer judges them. */
export const tokenRequest = z
  .strictObject({
    claims: z.record(z.string(), z.unknown(), 'use an object of claims').meta({
      description:
        'All but iss, aud, iat, nbf, exp and jti, which Keyward writes; `sub` in an access token (`at+jwt`). ' +
        'Only what every verifier reads alike: no two names of one object that differ in case, blanks or ' +
        'characters not shown, no registered name in such a spelling, no number that a double does not hold.',
    }),
    ttl_seconds: z.int('use a whole number of seconds').optional(),
    typ: z.enum(WRITTEN_TYPES, `use ${WRITTEN_TYPES.join(' or ')}`).optional(),
  })
  .meta({ id: 'TokenRequest', example: { claims: { sub: 'user-1' }, ttl_seconds: 300 } });

export const issuedToken = z
  .object({
    token: z.string().meta({ description: 'A compact JWS (RFC 7515).' }),
    kid: z.string().meta({ description: 'RFC 7638 thumbprint of the key.' }),
    jti: z.string(),
    iat: z.int(),
    exp: z.int(),
  })
  .meta({ id: 'IssuedToken' });

export const tokenBatch = z
  .strictObject({
    requests: z.array(tokenRequest, 'use a list of token requests').min(1, 'send at least 1').max(MAX_BATCH),
  })
  .meta({ id: 'TokenBatch' });

export const tokenResults = z
  .object({ results: z.array(z.union([issuedToken, z.object({ problem })])) })
  .meta({ id: 'TokenResults' });

export type TokenRequestBody = z.infer<typeof tokenRequest>;
export type TokenBatchBody = z.infer<typeof tokenBatch>;
