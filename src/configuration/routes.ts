import { z } from 'zod';
import type { Actor, Authenticator } from '../kernel/actor.ts';
import { actorOf, CHANGING } from '../server/admission.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';
import type { Reloaded } from './reloader.ts';

const reloaded = z
  .object({
    changed: z.array(z.string()).meta({ description: 'Members that took effect.' }),
    refused: z
      .array(z.string())
      .meta({ description: 'What was changed and takes a restart.', examples: [['database.path']] }),
  })
  .meta({ id: 'Reloaded' });
export type ReloadAnswer = z.infer<typeof reloaded>;

interface ReloadDeps {
  readonly authenticator: Authenticator;
  readonly reloader: { reload(actor: Actor): Promise<Reloaded> };
}

const reloadConfiguration: Route<ReloadDeps> = {
  method: 'post',
  path: '/v1/admin/reload',
  operation: {
    operationId: 'reloadConfiguration',
    summary: 'Read the configuration file and the certificates again; role `operator`',
    description:
      'As SIGHUP does. A mistake in either changes nothing: `reload_refused` names each. What takes a restart is named, and all else takes effect.',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'What has changed', reloaded),
      ...problems(CODES.operator, ['reload_refused', 'store_unavailable']),
    },
  },
  handler:
    ({ authenticator, reloader }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      sendJson(response, 200, await reloader.reload(actor));
    },
};

export const reloadRoutes = [reloadConfiguration];
