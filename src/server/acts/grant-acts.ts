import type { z } from 'zod';
import type { ClientAdministration } from '../../kernel/actor.ts';
import type { Act } from '../../domain/act-gate.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { clientRepresentation, grantRequest } from '../../access/routes/wire.ts';
import { validated } from '../validated.ts';
import { existing } from '../../access/routes/client-acts.ts';

type Grant = z.infer<typeof grantRequest>;

export function addGrant(clients: ClientAdministration, keyRing: KeyRing): Act<'grant.add', Grant> {
  return {
    name: 'grant.add',
    read: (given) => validated(grantRequest, given),
    plan(grant) {
      const { held, revoked } = standing(clients, keyRing, grant);
      if (revoked) {
        throw new KeywardError('client_revoked', `Client ${grant.client} is revoked; create another one.`);
      }
      const planned = { subject: `client:${grant.client}`, before: null, after: grant } as const;
      return held ? { ...planned, unchanged: true } : planned;
    },
    async execute({ client, scope, action }, actor) {
      return { client: clientRepresentation(await clients.grant(client, scope, action, actor)) };
    },
  };
}

export function removeGrant(clients: ClientAdministration, keyRing: KeyRing): Act<'grant.remove', Grant> {
  return {
    name: 'grant.remove',
    read: (given) => validated(grantRequest, given),
    plan(grant) {
      const { held } = standing(clients, keyRing, grant);
      return { subject: `client:${grant.client}`, before: held ? grant : null, after: null };
    },
    async execute({ client, scope, action }, actor) {
      return { client: clientRepresentation(await clients.withdraw(client, scope, action, actor)) };
    },
  };
}

function standing(clients: ClientAdministration, keyRing: KeyRing, { client: id, scope, action }: Grant) {
  const client = existing(clients, id);
  if (!keyRing.scope(scope)) throw new KeywardError('unknown_scope', 'There is no scope of that id.');
  const held = client.grants.some((grant) => grant.scopeId === scope && grant.action === action);
  return { held, revoked: client.revokedAt !== null };
}
