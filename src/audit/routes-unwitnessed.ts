import { z } from 'zod';
import type { Act } from '../kernel/acts.ts';
import { UNWITNESSED_SUBJECT } from '../kernel/audit.ts';
import { keyActRequest } from '../keys/routes/wire.ts';
import { actorOf, jsonBody, READING } from '../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { readJson, validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import type { UnwitnessedTrail } from './trail.ts';

type Deps = GateDeps & { readonly unwitnessed: Pick<UnwitnessedTrail, 'list'> };

const LIMITS = { maxBytes: 4_096, maxDepth: 2, tooDeep: 'malformed_json' } as const;

const range = z
  .object({
    from: z.int(),
    to: z.int(),
    hash: z.string().meta({ description: 'Of the last one, base64url: it fixes all of them.' }),
  })
  .meta({ id: 'EventRange' });
export type EventRangeAnswer = z.infer<typeof range>;

const list: Route<Deps> = {
  method: 'get',
  path: '/v1/admin/audit/unwitnessed',
  operation: {
    operationId: 'listUnwitnessed',
    summary: 'Audit events that nothing but the database vouches for; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'None where all is witnessed or confirmed', z.object({ unwitnessed: z.array(range) })),
      ...problems(CODES.operator),
    },
  },
  handler:
    ({ authenticator, unwitnessed }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      sendJson(response, 200, { unwitnessed: unwitnessed.list() });
    },
};

const confirm: Route<Deps> = {
  method: 'post',
  path: '/v1/admin/audit/confirm-unwitnessed',
  operation: {
    operationId: 'confirmUnwitnessed',
    summary: 'Have unwitnessed audit events count as what they say; two persons',
    description:
      'Until then such events acknowledge, resolve and sign off nothing, and what they tell of unsigned rows is not believed.',
    security: [{ operator: [] }],
    requestBody: jsonBody(keyActRequest, LIMITS),
    responses: {
      ...json(
        '200',
        'Confirmed; rows of the registry follow with the next start',
        z.object({ confirmed: z.array(range) }),
      ),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
        'audit_trail_refused',
        'store_unavailable',
        'clock_jump',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('audit.confirm_unwitnessed', deps, request, response);
    const parameters = await readJson(request, { schema: keyActRequest, ...LIMITS });
    sendOutcome(response, await deps.gate.ask({ act: 'audit.confirm_unwitnessed', parameters, actor }), {
      status: 200,
    });
  },
};

export const adminUnwitnessedRoutes = [list, confirm];

export interface UnwitnessedActDeps {
  readonly unwitnessed: Pick<UnwitnessedTrail, 'list' | 'confirm'>;
}

type Reason = z.infer<typeof keyActRequest>;

/** What two persons confirm is what they were shown: other ranges are another proposal. */
export function confirmUnwitnessed({
  unwitnessed,
}: UnwitnessedActDeps): Act<'audit.confirm_unwitnessed', Reason> {
  return {
    name: 'audit.confirm_unwitnessed',
    read: (given) => validated(keyActRequest, given),
    plan: () => {
      const ranges = unwitnessed.list().map((range) => ({ ...range }));
      const effect = {
        subject: UNWITNESSED_SUBJECT,
        before: { unwitnessed: ranges },
        after: { unwitnessed: [] },
      };
      return ranges.length === 0 ? { ...effect, unchanged: true } : effect;
    },
    execute: async ({ reason }, actor) => {
      if (unwitnessed.list().length === 0) return { confirmed: [] };
      return { confirmed: await unwitnessed.confirm(reason, actor) };
    },
  };
}
