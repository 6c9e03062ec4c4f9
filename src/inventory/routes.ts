import { z } from 'zod';
import type { Authenticator } from '../kernel/actor.ts';
import type { Inventories } from '../kernel/key-proof.ts';
import { inventory, inventoryRepresentation } from '../keys/routes/proof.ts';
import { actorOf, jsonBody, READING } from '../server/admission.ts';
import { asKeywardError } from '../server/problem.ts';
import { readJson } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import { wireText } from '../server/wire.ts';

interface InventoryDeps {
  readonly authenticator: Authenticator;
  readonly inventories: Inventories;
}

const request = z
  .strictObject({
    hsm_token: wireText('name one HSM token')
      .optional()
      .meta({ description: 'By its name in the configuration; every one if left out.' }),
  })
  .meta({ id: 'InventoryRequest' });
const BODY = { schema: request, maxBytes: 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;
const path = '/v1/admin/inventory';

const answer = z.object({
  inventories: z.array(inventory),
  away: z
    .array(z.object({ hsm_token: z.string(), code: z.string(), detail: z.string() }))
    .meta({ description: 'HSM tokens that could not be looked at.' }),
});
export type InventoryAnswer = z.infer<typeof answer>;

const lastInventories: Route<InventoryDeps> = {
  method: 'get',
  path,
  operation: {
    operationId: 'lastInventories',
    summary: 'What the last inventory of each HSM token found; any role',
    security: [{ operator: [] }],
    responses: {
      ...json(
        '200',
        'The newest of each; none before the first',
        z.object({ inventories: z.array(inventory) }),
      ),
      ...problems(CODES.operator),
    },
  },
  handler:
    ({ authenticator, inventories }) =>
    (incoming, response) => {
      actorOf(authenticator, READING, incoming, response);
      sendJson(response, 200, { inventories: inventories.latest().map(inventoryRepresentation) });
    },
};

const takeInventory: Route<InventoryDeps> = {
  method: 'post',
  path,
  operation: {
    operationId: 'takeInventory',
    summary: 'Hold an HSM token against the registry now; any role',
    description:
      'Through a process that has just opened the token. One look at a time for each token: who asks meanwhile gets the same answer.',
    security: [{ operator: [] }],
    requestBody: jsonBody(request, BODY),
    responses: {
      ...json('200', 'What was found; a problem where no token could be looked at', answer),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'unknown_hsm_token',
        'hsm_unavailable',
        'hsm_refused',
        'pin_latched',
        'invalid_config',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, inventories }) =>
    async (incoming, response) => {
      actorOf(authenticator, READING, incoming, response);
      const { hsm_token } = await readJson(incoming, BODY);
      sendJson(
        response,
        200,
        await take(inventories, hsm_token === undefined ? inventories.hsmTokens : [hsm_token]),
      );
    },
};

export const adminInventoryRoutes = [lastInventories, takeInventory];

async function take(inventories: Inventories, hsmTokens: readonly string[]): Promise<InventoryAnswer> {
  const outcomes = await Promise.allSettled(hsmTokens.map((name) => inventories.take(name)));
  const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failures = outcomes.map((outcome) =>
    outcome.status === 'rejected' ? asKeywardError(outcome.reason) : null,
  );
  const [failure] = failures;
  if (taken.length === 0 && failure) throw failure;
  return {
    inventories: taken.map(inventoryRepresentation),
    away: failures.flatMap((error, at) =>
      error ? [{ hsm_token: hsmTokens[at] ?? '', code: error.code, detail: error.message }] : [],
    ),
  };
}
