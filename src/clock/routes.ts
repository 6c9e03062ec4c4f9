import { z } from 'zod';
import type { Act } from '../kernel/acts.ts';
import type { ClockConfirmation } from '../kernel/clock.ts';
import { keyActRequest } from '../keys/routes/wire.ts';
import { jsonBody } from '../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { readJson, validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';

/** What an operator reads from another clock than the service's, in seconds since the epoch, and why they trust it. */
const clockRequest = z.strictObject({
  time: z.int().min(0).meta({ description: 'The time by another clock than the service’s.' }),
  reason: keyActRequest.shape.reason,
});

const LIMITS = { maxBytes: 4_096, maxDepth: 2, tooDeep: 'malformed_json' } as const;

const confirmed = z
  .object({
    was: z.enum(['departed', 'before_checkpoint', 'ahead_of_checkpoint']),
    wall: z.int(),
    expected: z.int().meta({ examples: [1_795_378_546] }),
    time: z.int(),
    reason: z.string(),
  })
  .meta({ id: 'ConfirmedClock' });
export type ConfirmedClockAnswer = z.infer<typeof confirmed>;

const confirm: Route<GateDeps> = {
  method: 'post',
  path: '/v1/admin/clock/confirm',
  operation: {
    operationId: 'confirmClock',
    summary: 'Trust the clock of the service as it is now; two persons',
    description:
      'While the clock is doubted, nothing is issued, rotated, destroyed or pruned, and most changes are refused. The caller gives the time by another clock. The proposal is kept in memory and ends with the process, or once the clock is changed.',
    security: [{ operator: [] }],
    requestBody: jsonBody(clockRequest, LIMITS),
    responses: {
      ...json('200', 'Trusted', confirmed),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
        'clock_trusted',
        'clock_disagrees',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('clock.confirm', deps, request, response);
    const parameters = await readJson(request, { schema: clockRequest, ...LIMITS });
    sendOutcome(response, await deps.gate.ask({ act: 'clock.confirm', parameters, actor }), { status: 200 });
  },
};

export const adminClockRoutes = [confirm];

export interface ClockActDeps {
  readonly confirmation: ClockConfirmation;
}

type Confirmed = z.infer<typeof clockRequest>;

/** Its proposal is kept in memory: it is about this run, and nothing is signed by a clock that is doubted. */
export function confirmClock({ confirmation }: ClockActDeps): Act<'clock.confirm', Confirmed> {
  return {
    name: 'clock.confirm',
    read: (given) => validated(clockRequest, given),
    plan: ({ time }) => ({ subject: 'clock', ...confirmation.describe(time) }),
    execute: (given, actor) => confirmation.confirm(given, actor),
  };
}
