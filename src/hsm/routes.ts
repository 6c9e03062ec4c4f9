import { z } from 'zod';
import type { Act } from '../kernel/acts.ts';
import type { PinLatches } from '../kernel/signer.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';

const latch = z.object({ token: z.string(), open: z.boolean() });
export type PinLatchAnswer = z.infer<typeof latch>;

const clearLatch: Route<GateDeps> = {
  method: 'post',
  path: '/v1/admin/hsm/{token}/clear-latch',
  operation: {
    operationId: 'clearPinLatch',
    summary: 'Let the PIN of an HSM token be tried once more, now; two persons',
    description:
      'For when it was rejected, or its answer never came: compare the PIN file with the HSM first. The proposal needs no signature, and any front takes the approval.',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'Whether the token is open now', latch),
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

export interface PinLatchActDeps {
  readonly pinLatches: PinLatches;
}

const CLEAR = { state: 'clear', attempts: 0 };
const named = z.strictObject({ token: z.string() });

/** Its proposal is not signed: while the PIN is latched nothing can be. */
export function clearPinLatch({
  pinLatches,
}: PinLatchActDeps): Act<'hsm.clear_pin_latch', z.infer<typeof named>> {
  return {
    name: 'hsm.clear_pin_latch',
    read: (given) => validated(named, given),
    async plan({ token }) {
      const before = { ...(await pinLatches.read(token)) };
      const planned = { subject: `hsm:${token}`, before, after: CLEAR };
      return before.state === 'clear' ? { ...planned, unchanged: true } : planned;
    },
    async execute({ token }, actor) {
      return { token, ...(await pinLatches.clear(token, actor)) };
    },
  };
}
