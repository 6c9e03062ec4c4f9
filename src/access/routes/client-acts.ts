import { z } from 'zod';
import { validateClient } from '../clients.ts';
import type { ClientAdministration } from '../../kernel/actor.ts';
import type { Act } from '../../domain/act-gate.ts';
import type { Client } from '../../domain/client.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { clientDescription, clientRepresentation, clientRequest } from './wire.ts';
import { credentialRequest } from '../../server/schemas/credential.ts';
import { validated } from '../../server/validated.ts';
import { newCredential, requireDigest } from '../../server/acts/new-credential.ts';

type Created = z.infer<typeof clientRequest>;

export function createClient(clients: ClientAdministration): Act<'client.create', Created> {
  return {
    name: 'client.create',
    read: (given) => validated(clientRequest, given),
    plan({ id, description, credential_digest }) {
      validateClient({ id, description });
      if (clients.list().some((client) => client.id === id)) {
        throw new KeywardError('client_exists', `There is a client ${id} already; choose another id.`);
      }
      return { subject: `client:${id}`, before: null, after: { id, description, credential_digest } };
    },
    requireKeepable: ({ credential_digest }) => requireDigest(credential_digest),
    async execute({ id, description, credential_digest }, actor) {
      const { digest, shown } = newCredential('svc', credential_digest);
      const { client } = await clients.enrol({ id, description, digest }, actor);
      return { client: clientRepresentation(client), ...shown };
    },
  };
}

const credentialParameters = credentialRequest.extend({ client: z.string() });

export function replaceClientCredential(
  clients: ClientAdministration,
): Act<'client.credential', z.infer<typeof credentialParameters>> {
  return {
    name: 'client.credential',
    read: (given) => validated(credentialParameters, given),
    plan({ client: id, credential_digest }) {
      standing(clients, id);
      return { subject: `client:${id}`, before: { id }, after: { id, credential_digest } };
    },
    requireKeepable: ({ credential_digest }) => requireDigest(credential_digest),
    async execute({ client: id, credential_digest }, actor) {
      const { digest, shown } = newCredential('svc', credential_digest);
      const client = await clients.replaceCredential(id, digest, actor);
      return { client: clientRepresentation(client), ...shown };
    },
  };
}

const describeParameters = clientDescription.extend({ client: z.string() });

export function describeClient(
  clients: ClientAdministration,
): Act<'client.describe', z.infer<typeof describeParameters>> {
  return {
    name: 'client.describe',
    read: (given) => validated(describeParameters, given),
    plan({ client: id, description }) {
      const before = standing(clients, id);
      validateClient({ id, description });
      const planned = {
        subject: `client:${id}`,
        before: { description: before.description },
        after: { description },
      };
      return before.description === description ? { ...planned, unchanged: true } : planned;
    },
    async execute({ client: id, description }, actor) {
      return { client: clientRepresentation(await clients.describe(id, description, actor)) };
    },
  };
}

const named = z.strictObject({ client: z.string() });

export function revokeClient(clients: ClientAdministration): Act<'client.revoke', z.infer<typeof named>> {
  return {
    name: 'client.revoke',
    read: (given) => validated(named, given),
    plan({ client: id }) {
      const client = clientRepresentation(existing(clients, id));
      return { subject: `client:${id}`, before: client, after: null };
    },
    async execute({ client: id }, actor) {
      return { client: clientRepresentation(await clients.revoke(id, actor)) };
    },
  };
}

function standing(clients: ClientAdministration, id: string): Client {
  const client = existing(clients, id);
  if (client.revokedAt === null) return client;
  throw new KeywardError('client_revoked', `Client ${id} is revoked; create another one.`);
}

export function existing(clients: ClientAdministration, id: string): Client {
  const client = clients.list().find((each) => each.id === id);
  if (!client) throw new KeywardError('unknown_client', 'There is no client of that id.');
  return client;
}
