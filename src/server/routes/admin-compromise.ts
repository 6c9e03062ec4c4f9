import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import type { CompromiseReports } from '../../domain/compromise-report.ts';
import { actorOf, READING } from '../actor.ts';
import { COUNTED_WITHIN_MS } from '../../keys/routes/key-acts.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { compromise, compromiseRepresentation } from '../../keys/routes/compromise.ts';
import { sendJson } from '../send.ts';

interface CompromiseParts {
  readonly authenticator: Authenticator;
  readonly compromises: CompromiseReports;
}

const showCompromise: Route<CompromiseParts> = {
  method: 'get',
  path: '/v1/admin/keys/{kid}/compromise',
  operation: {
    operationId: 'showCompromise',
    summary: 'What the compromise of a key hits, as far as it is known by now; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'What is hit', z.object({ compromise })),
      ...problems(CODES.operator, ['unknown_key', 'transition_forbidden']),
    },
  },
  handler: (deps) => async (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    const report = await deps.compromises.report(request.params.kid ?? '', COUNTED_WITHIN_MS);
    sendJson(response, 200, { compromise: compromiseRepresentation(report) });
  },
};

export const adminCompromiseRoutes = [showCompromise];
