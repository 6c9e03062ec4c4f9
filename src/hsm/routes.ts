import { z } from 'zod';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';

const clearLatch: Route<GateDeps> = {
  method: 'post',
  path: '/v1/admin/hsm/{token}/clear-latch',
  operation: {
    operationId: 'clearPinLatch',
    summary: 'Let the PIN of an HSM token be tried once more, now; two persons',
    description:
      'For when it was rejected, or its answer never came: compare the PIN file with the HSM first. The proposal is kept in memory, since nothing can be signed, and ends with the process.',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'Whether the token is open now', z.object({ token: z.string(), open: z.boolean() })),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.proposing, ['unknown_hsm_token']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('hsm.clear_pin_latch', deps, request, response);
    const parameters = { token: request.params.token ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'hsm.clear_pin_latch', parameters, actor }), {
      status: 200,
    });
  },
};

export const adminHsmRoutes = [clearLatch];
