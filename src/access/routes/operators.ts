import { z } from 'zod';
import type { OperatorAdministration } from '../../kernel/actor.ts';
import type { ActName } from '../../kernel/acts.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { actorOf, jsonBody, READING } from '../../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson, validated } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { afterId, nextId, pageOf } from '../../server/wire.ts';
import {
  credentialRequest,
  operator,
  operatorRepresentation,
  operatorRequest,
  rolesRequest,
} from './wire.ts';

interface OperatorDeps extends GateDeps {
  readonly operators: OperatorAdministration;
}

const LIMITS = { maxBytes: 16 * 1024, maxDepth: 8, tooDeep: 'malformed_json' } as const;
const oneOperator = z.object({ operator });
const operatorAndCredential = oneOperator.extend({
  credential: z
    .string()
    .optional()
    .meta({ examples: ['kw_ops_…'] }),
});
export type OperatorAndCredentialAnswer = z.infer<typeof operatorAndCredential>;
const operatorPage = z.object({ operators: z.array(operator), next: nextId });
export type OperatorPageAnswer = z.infer<typeof operatorPage>;

const listOperators: Route<OperatorDeps> = {
  method: 'get',
  path: '/v1/admin/operators',
  operation: {
    operationId: 'listOperators',
    summary: 'Operators with their roles, the oldest first; any role',
    security: [{ operator: [] }],
    requestParams: { query: afterId },
    responses: {
      ...json('200', 'Operators, the revoked ones too', operatorPage),
      ...problems(CODES.operator, CODES.schema, ['unknown_operator']),
    },
  },
  handler: (deps) => (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    sendJson(response, 200, operatorsAfter(deps.operators, validated(afterId, { ...request.query })));
  },
};

const createOperator: Route<OperatorDeps> = {
  method: 'post',
  path: '/v1/admin/operators',
  operation: {
    operationId: 'createOperator',
    summary: 'Enrol an operator, who has made the credential; two persons',
    security: [{ operator: [] }],
    requestBody: jsonBody(operatorRequest, LIMITS),
    responses: {
      ...json('201', 'The operator, and the credential if the service made it', operatorAndCredential),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
        'invalid_operator',
        'operator_exists',
        'credential_digest_required',
        'credential_taken',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('operator.create', deps, request, response);
    const parameters = await readJson(request, { schema: operatorRequest, ...LIMITS });
    const outcome = await deps.gate.ask({ act: 'operator.create', parameters, actor });
    sendOutcome(response, outcome, { status: 201, location: `/v1/admin/operators/${parameters.id}` });
  },
};

const getOperator: Route<OperatorDeps> = {
  method: 'get',
  path: '/v1/admin/operators/{operator}',
  operation: {
    operationId: 'getOperator',
    summary: 'One operator with their roles; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The operator', oneOperator),
      ...problems(CODES.operator, ['unknown_operator']),
    },
  },
  handler: (deps) => (request, response) => {
    actorOf(deps.authenticator, READING, request, response);
    const found = deps.operators.list().find(({ id }) => id === request.params.operator);
    if (!found) throw unknownOperator();
    sendJson(response, 200, { operator: operatorRepresentation(found) });
  },
};

/** Whose credential it is: a person with several is told which they hold in their hand. */
const whoAmI: Route<OperatorDeps> = {
  method: 'get',
  path: '/v1/admin/whoami',
  operation: {
    operationId: 'whoAmI',
    summary: 'The operator whose credential this is, with their roles; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The operator', oneOperator),
      ...problems(CODES.operator, ['unknown_operator']),
    },
  },
  handler: (deps) => (request, response) => {
    const { operatorId } = actorOf(deps.authenticator, READING, request, response);
    const found = deps.operators.list().find(({ id }) => id === operatorId);
    if (!found) throw unknownOperator();
    sendJson(response, 200, { operator: operatorRepresentation(found) });
  },
};

const replaceCredential = changeOf({
  act: 'operator.credential',
  path: '/v1/admin/operators/{operator}/credential',
  operationId: 'replaceOperatorCredential',
  summary: 'Give an operator, who has made it, a new credential in place of the old; two persons',
  schema: credentialRequest,
  answer: operatorAndCredential,
  codes: ['operator_revoked', 'credential_digest_required', 'credential_taken'],
});

const setRoles = changeOf({
  act: 'operator.roles',
  path: '/v1/admin/operators/{operator}/roles',
  operationId: 'setOperatorRoles',
  summary: 'Set an operator’s roles; two persons where a role is gained',
  schema: rolesRequest,
  answer: oneOperator,
  codes: ['operator_revoked', 'invalid_operator'],
});

const revokeOperator: Route<OperatorDeps> = {
  method: 'post',
  path: '/v1/admin/operators/{operator}/revoke',
  operation: {
    operationId: 'revokeOperator',
    summary: 'Revoke an operator, immediately and permanently; role `operator`',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The operator, revoked', oneOperator),
      ...problems(CODES.operator, ['unknown_operator', 'store_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('operator.revoke', deps, request, response);
    const parameters = { operator: request.params.operator ?? '' };
    sendOutcome(response, await deps.gate.ask({ act: 'operator.revoke', parameters, actor }), {
      status: 200,
    });
  },
};

export const adminOperatorRoutes = [
  listOperators,
  whoAmI,
  createOperator,
  getOperator,
  replaceCredential,
  setRoles,
  revokeOperator,
];

interface Change {
  readonly act: ActName;
  readonly path: `/${string}`;
  readonly operationId: string;
  readonly summary: string;
  readonly schema: z.ZodType<object>;
  readonly answer: z.ZodType;
  readonly codes: Parameters<typeof problems>[number];
}

/** A change of one operator, who stands in the path. */
function changeOf({ act, path, operationId, summary, schema, answer, codes }: Change): Route<OperatorDeps> {
  return {
    method: 'post',
    path,
    operation: {
      operationId,
      summary,
      security: [{ operator: [] }],
      requestBody: jsonBody(schema, LIMITS),
      responses: {
        ...json('200', 'The operator as changed', answer),
        ...PROPOSED,
        ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, ['unknown_operator'], codes),
      },
    },
    handler: (deps) => async (request, response) => {
      const actor = actorFor(act, deps, request, response);
      const given = await readJson(request, { schema, ...LIMITS });
      const parameters = { ...given, operator: request.params.operator ?? '' };
      sendOutcome(response, await deps.gate.ask({ act, parameters, actor }), { status: 200 });
    },
  };
}

function operatorsAfter(operators: OperatorAdministration, { after, limit }: z.infer<typeof afterId>) {
  const all = operators.list();
  const seen = after === undefined ? -1 : all.findIndex(({ id }) => id === after);
  if (after !== undefined && seen < 0) throw unknownOperator();
  const { page, next } = pageOf(all.slice(seen + 1), limit, ({ id }) => id);
  return { operators: page.map(operatorRepresentation), next };
}

function unknownOperator(): KeywardError {
  return new KeywardError('unknown_operator', 'There is no operator of that id.');
}
