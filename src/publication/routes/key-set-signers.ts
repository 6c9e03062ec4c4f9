import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import type { PublicJwk } from '../../kernel/key.ts';
import { actorOf, READING } from '../../server/admission.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';

const signers = z.object({
  keys: z
    .array(z.record(z.string(), z.string()))
    .meta({ description: 'Public JWKs (RFC 7517), the registry key first.' }),
});
export type KeySetSignersAnswer = z.infer<typeof signers>;

interface SignersDeps {
  readonly authenticator: Authenticator;
  readonly keySetSigners: readonly { readonly kid: string; readonly publicJwk: PublicJwk }[];
}

/** A set that another key signed is nobody's: verifiers pin all of them. */
export const listKeySetSigners: Route<SignersDeps> = {
  method: 'get',
  path: '/v1/admin/key-set-signers',
  operation: {
    operationId: 'listKeySetSigners',
    summary: 'The public keys that sign key sets, for verifiers to pin; any role',
    description:
      'The registry key signs. While its HSM token is away and no set is valid any more, a binding key on another token does.',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'Keys to pin', signers),
      ...problems(CODES.operator),
    },
  },
  handler:
    ({ authenticator, keySetSigners }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const keys = keySetSigners.map(({ kid, publicJwk }) => ({
        ...publicJwk,
        kid,
        alg: 'ES256',
        use: 'sig',
      }));
      sendJson(response, 200, { keys });
    },
};
