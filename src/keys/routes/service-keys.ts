import { z } from 'zod';
import type { Act } from '../../kernel/acts.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { PendingServiceKeys } from '../../kernel/registry.ts';
import { jsonBody } from '../../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson, validated } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { keyActRequest } from './wire.ts';

const enrolServiceKeysRequest = keyActRequest
  .extend({
    stolen: z.boolean('use true or false').default(false).meta({
      description: 'The lost HSM token was stolen: mark every key that was on it compromised.',
    }),
  })
  .meta({ id: 'EnrolServiceKeysRequest' });

const kid = z.string().meta({ description: 'RFC 7638 thumbprint.' });

const serviceKeyEnrolment = z
  .object({
    reason: z.string(),
    stolen: z.boolean(),
    former_registry_key: kid,
    former_audit_key: kid,
    registry_key: kid,
    audit_key: kid,
    last_checkpoint: z
      .int()
      .meta({ description: 'The last one whose signature by the former audit key counts.' }),
    former_token: z.string().meta({ description: 'What the lost HSM token is called from now on.' }),
    keys: z.int().meta({ description: 'Signing keys that were on it and not destroyed.' }),
    refused_rows: z
      .int()
      .meta({ description: 'Rows of the registry that did not verify; they are not taken over.' }),
  })
  .meta({ id: 'ServiceKeyEnrolment' });
export type ServiceKeyEnrolmentAnswer = z.infer<typeof serviceKeyEnrolment>;

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

interface ServiceKeyActDeps {
  /** Undefined where no successors wait. */
  readonly heldKeys: PendingServiceKeys | undefined;
}

/** Its proposal is kept in memory: the lost registry key signs nothing. */
export function enrolServiceKeys({
  heldKeys,
}: ServiceKeyActDeps): Act<'service_key.enrol', z.infer<typeof enrolServiceKeysRequest>> {
  const waiting = () => heldKeys ?? nothingWaits();
  return {
    name: 'service_key.enrol',
    read: (given) => validated(enrolServiceKeysRequest, given),
    plan: (decision) => ({ subject: 'registry', ...waiting().describe(decision) }),
    execute: (decision, actor) => waiting().enrol(decision, actor),
  };
}

function nothingWaits(): never {
  throw new KeywardError('not_replaced', 'the configuration names no other service keys than those in use');
}
