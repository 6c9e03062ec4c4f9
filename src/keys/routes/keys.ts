import { z } from 'zod';
import type { Authenticator } from '../../kernel/actor.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { KnownKeys } from '../../domain/known-keys.ts';
import type { Scope } from '../../kernel/scope.ts';
import { actorOf, READING } from '../../server/actor.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { key, keyRepresentation, refusedKey } from './wire.ts';
import { sendJson } from '../../server/send.ts';
import { validated } from '../../server/validated.ts';

const filter = z.strictObject({ scope: z.string('name one scope').meta({ maxLength: 63 }).optional() });

interface KeyParts {
  readonly authenticator: Authenticator;
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
}

const listKeys: Route<KeyParts> = {
  method: 'get',
  path: '/v1/admin/keys',
  operation: {
    operationId: 'listKeys',
    summary: 'The keys of all scopes or of one; any role',
    security: [{ operator: [] }],
    requestParams: { query: filter },
    responses: {
      ...json(
        '200',
        'Keys that are not destroyed, newest first within a scope, and the rows that were refused',
        z.object({ keys: z.array(key), refused: z.array(refusedKey) }),
      ),
      ...problems(CODES.operator, CODES.schema, ['unknown_scope']),
    },
  },
  handler:
    ({ authenticator, keyRing, knownKeys }) =>
    (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { scope: scopeId } = validated(filter, { ...request.query });
      const scopes = scopeId === undefined ? keyRing.scopes() : [existing(keyRing, scopeId)];
      const keys = scopes.flatMap((scope) =>
        knownKeys.knownKeysOf(scope.id).map((each) => keyRepresentation(each, scope)),
      );
      const refused = knownKeys
        .refusedKeys()
        .filter((row) => scopeId === undefined || row.scopeId === scopeId)
        .map(({ kid, scopeId: scope, why }) => ({ kid, scope, why }));
      sendJson(response, 200, { keys, refused });
    },
};

export const adminKeyRoutes = [listKeys];

function existing(keyRing: KeyRing, scopeId: string): Scope {
  const scope = keyRing.scope(scopeId);
  if (!scope) throw new KeywardError('unknown_scope', 'there is no scope of this id');
  return scope;
}
