import { z } from 'zod';
import { actorOf, CHANGING, jsonBody, READING } from '../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { readJson } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { idText, wireText } from '../server/wire.ts';
import { PROBE_NAMES, type ProbeAdministration, type ProbeStatus } from './probe.ts';

export const probeRequest = z
  .strictObject({ scope: idText, url: wireText('use text').max(2_048) })
  .meta({ id: 'ProbeRequest', examples: [{ scope: 'payments', url: 'https://payments.example/probe' }] });

export const probePlace = z.strictObject({ scope: idText }).meta({ id: 'ProbePlace' });

const probe = z
  .object({
    client: z.string(),
    scope: z.string(),
    url: z.string(),
    set_at: z.int(),
    answers: z
      .array(
        z.object({
          probe: z.enum(PROBE_NAMES),
          verdict: z.enum(['right', 'wrong', 'unclear']),
          status: z.int().nullable().meta({ description: 'Of the HTTP answer; null where there was none.' }),
          why: z.string().nullable(),
          at: z.int(),
        }),
      )
      .meta({ description: 'The last of each token that was sent since the service started.' }),
    not_sent: z
      .array(z.object({ probe: z.enum(PROBE_NAMES), why: z.string() }))
      .meta({ description: 'Tokens that rounds leave out, and what is missing for them.' }),
    expired_due_at: z
      .int()
      .nullable()
      .meta({ description: 'When the token that is out is sent again, expired; null where none is.' }),
    next_at: z.int().nullable().meta({
      description:
        'When it is probed next; null while the client may not verify for the scope, or another instance probes.',
    }),
  })
  .meta({ id: 'Probe' });
export type ProbeAnswer = z.infer<typeof probe>;

export function probeRepresentation(of: ProbeStatus): ProbeAnswer {
  return {
    client: of.clientId,
    scope: of.scopeId,
    url: of.url,
    set_at: of.setAt,
    answers: of.answers.map(({ probe: name, verdict, status, why, at }) => ({
      probe: name,
      verdict,
      status,
      why,
      at,
    })),
    not_sent: of.notSent.map(({ probe: name, why }) => ({ probe: name, why })),
    expired_due_at: of.expiredDueAt,
    next_at: of.nextAt,
  };
}

interface ProbeDeps extends GateDeps {
  readonly probes: ProbeAdministration;
}

const PATH = '/v1/admin/clients/{client}/probe';
const LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;
const placeBody = jsonBody(probePlace, LIMITS);
const SIGNING = ['hsm_unavailable', 'pin_latched', 'registry_refused'] as const;

const listProbes: Route<ProbeDeps> = {
  method: 'get',
  path: '/v1/admin/probes',
  operation: {
    operationId: 'listProbes',
    summary: 'Verifiers that are probed, and what each answered last; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'All of them', z.object({ probes: z.array(probe) })),
      ...problems(CODES.operator),
    },
  },
  handler: (deps) => (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    sendJson(response, 200, { probes: deps.probes.list().map(probeRepresentation) });
  },
};

const setProbe: Route<ProbeDeps> = {
  method: 'post',
  path: PATH,
  operation: {
    operationId: 'setProbe',
    summary: 'Where a relying service is sent tokens to accept and to refuse; two persons',
    description:
      'In place of the URL that there is for this scope. Sent is `GET` with `Authorization: Bearer`, for a subject without rights; the answer is 2xx, or 401 or 403.',
    security: [{ operator: [] }],
    requestBody: jsonBody(probeRequest, LIMITS),
    responses: {
      ...json('200', 'The verifier, as it is probed from now on', z.object({ probe })),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, SIGNING, [
        'unknown_client',
        'unknown_scope',
        'invalid_probe',
        'too_many_probes',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('probe.set', deps, request, response);
    const given = await readJson(request, { schema: probeRequest, ...LIMITS });
    const parameters = { ...given, client: request.params.client ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'probe.set', parameters, actor }), { status: 200 });
  },
};

const removeProbe: Route<ProbeDeps> = {
  method: 'delete',
  path: PATH,
  operation: {
    operationId: 'removeProbe',
    summary: 'Leave a relying service alone; two persons',
    security: [{ operator: [] }],
    requestBody: placeBody,
    responses: {
      ...json('200', 'What is probed no more', z.object({ client: z.string(), scope: z.string() })),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, SIGNING, ['unknown_probe']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('probe.remove', deps, request, response);
    const given = await readJson(request, { schema: probePlace, ...LIMITS });
    const parameters = { ...given, client: request.params.client ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'probe.remove', parameters, actor }), { status: 200 });
  },
};

const runProbe: Route<ProbeDeps> = {
  method: 'post',
  path: `${PATH}/run`,
  operation: {
    operationId: 'runProbe',
    summary: 'Probe a relying service now; role `operator`',
    description: 'Answers once all tokens were sent but the expired one, which follows when it has expired.',
    security: [{ operator: [] }],
    requestBody: placeBody,
    responses: {
      ...json('200', 'What it answered', z.object({ probe })),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'unknown_probe',
        'invalid_probe',
        'store_unavailable',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    actorOf(deps.authenticator, CHANGING, request, response);
    const { scope } = await readJson(request, { schema: probePlace, ...LIMITS });
    const place = { clientId: request.params.client ?? '', scopeId: scope };
    sendJson(response, 200, { probe: probeRepresentation(await deps.probes.run(place)) });
  },
};

export const adminProbeRoutes = [listProbes, setProbe, removeProbe, runProbe];
