import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import type { Ceremonies } from '../../domain/ceremony.ts';
import { actorOf, READING } from '../../server/actor.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { ceremony, ceremonyRepresentation } from '../../server/schemas/ceremony.ts';
import { sendJson } from '../../server/send.ts';

interface CeremonyParts {
  readonly authenticator: Authenticator;
  readonly ceremonies: Ceremonies;
}

const showCeremony: Route<CeremonyParts> = {
  method: 'get',
  path: '/v1/admin/scopes/{scope}/ceremony',
  operation: {
    operationId: 'showCeremony',
    summary: 'How a scope was made: by whom, when, and what the HSM showed of its keys; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'As recorded when it was made', z.object({ ceremony })),
      ...problems(
        CODES.operator,
        ['unknown_scope', 'ceremony_unrecorded', 'unknown_hsm_token'],
        ['key_unproven', 'binding_refused', 'registry_refused', 'store_unavailable'],
      ),
    },
  },
  handler:
    ({ authenticator, ceremonies }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const found = await ceremonies.of(request.params.scope ?? '');
      sendJson(response, 200, { ceremony: ceremonyRepresentation(found) });
    },
};

export const adminCeremonyRoutes = [showCeremony];
