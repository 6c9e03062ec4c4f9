import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson } from '../../server/read-body.ts';
import { jsonBody } from '../../server/requests.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { enrolServiceKeysRequest, serviceKeyEnrolment } from '../../server/schemas/service-keys.ts';

const LIMITS = { maxBytes: 4_096, maxDepth: 2, tooDeep: 'malformed_json' } as const;

const enrol: Route<GateDeps> = {
  method: 'post',
  path: '/v1/admin/service-keys/enrol',
  operation: {
    operationId: 'enrolServiceKeys',
    summary: 'Go on with other service keys after the loss of the first HSM token; two persons',
    description:
      'While the configuration names successors of lost service keys, nothing is issued or verified. Every row of the registry that the former registry key signed is signed by the new one, and the keys of the lost token are out of use. The proposal is kept in memory and ends with the process.',
    security: [{ operator: [] }],
    requestBody: jsonBody(enrolServiceKeysRequest, LIMITS),
    responses: {
      ...json('200', 'Enrolled', serviceKeyEnrolment),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
        'not_replaced',
        'hsm_unavailable',
        'key_unproven',
        'audit_sink_unavailable',
        'clock_jump',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('service_key.enrol', deps, request, response);
    const parameters = await readJson(request, { schema: enrolServiceKeysRequest, ...LIMITS });
    sendOutcome(response, await deps.gate.ask({ act: 'service_key.enrol', parameters, actor }), {
      status: 200,
    });
  },
};

export const adminServiceKeyRoutes = [enrol];
