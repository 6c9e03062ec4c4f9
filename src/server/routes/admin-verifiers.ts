import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { VerifierDirectory } from '../../domain/verifiers.ts';
import { actorOf, READING } from '../actor.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { verifier, verifierRepresentation } from '../schemas/verifier.ts';
import { sendJson } from '../send.ts';
import { validated } from '../validated.ts';

const filter = z.strictObject({ scope: z.string('name one scope').meta({ maxLength: 63 }).optional() });

export interface VerifierParts {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly verifiers: Pick<VerifierDirectory, 'list'>;
}

const listVerifiers: Route<VerifierParts> = {
  method: 'get',
  path: '/v1/admin/verifiers',
  operation: {
    operationId: 'listVerifiers',
    summary: 'Who verifies by itself, and with which key set; any role',
    security: [{ operator: [] }],
    requestParams: { query: filter },
    responses: {
      ...json(
        '200',
        'Verifiers that followed the events or acknowledged a key set since the start, connected ones first',
        z.object({ verifiers: z.array(verifier) }),
      ),
      ...problems(CODES.operator, CODES.schema, ['unknown_scope']),
    },
  },
  handler:
    ({ authenticator, keyRing, verifiers }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { scope } = validated(filter, { ...request.query });
      if (scope !== undefined && !keyRing.scope(scope)) {
        throw new KeywardError('unknown_scope', 'there is no scope of this id');
      }
      const listed = verifiers
        .list(scope)
        .map((each) => verifierRepresentation(each, keyRing.scope(each.scopeId)?.keySetVersion ?? 0));
      sendJson(response, 200, { verifiers: listed });
    },
};

export const adminVerifierRoutes = [listVerifiers];
