import { z } from 'zod';
import type { Client, ClientAdministration, CredentialKind } from '../../kernel/actor.ts';
import type { Act, AnyAct } from '../../kernel/acts.ts';
import { makeCredential } from '../../kernel/credential.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { KeyRing } from '../../kernel/key.ts';
import { validated } from '../../server/read-body.ts';
import { validateClient } from '../clients.ts';
import {
  clientDescription,
  clientRepresentation,
  clientRequest,
  credentialRequest,
  grantRequest,
} from './wire.ts';

/**
 * The digest as it was told, or that of a credential made here, whose text whoever asked is shown this once. A
 * second person's approval never ends with a credential in somebody's hands: it has been made before.
 */
export function newCredential(kind: CredentialKind, told: string | null) {
  if (told !== null) return { digest: Buffer.from(told, 'base64url'), shown: {} };
  const { text, digest } = makeCredential(kind);
  return { digest, shown: { credential: text } };
}

export function requireDigest(told: string | null): void {
  if (told !== null) return;
  throw new KeywardError(
    'credential_digest_required',
    'credential_digest: the user of the credential makes it and tells its SHA-256 (keyward … --out FILE does).',
  );
}

type Created = z.infer<typeof clientRequest>;

function createClient(clients: ClientAdministration): Act<'client.create', Created> {
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

function replaceClientCredential(
  clients: ClientAdministration,
): Act<'client.credential', z.infer<typeof credentialParameters>> {
  return {
    name: 'client.credential',
    read: (given) => validated(credentialParameters, given),
    plan({ client: id, credential_digest }) {
      clientNamed(clients, id);
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

function describeClient(
  clients: ClientAdministration,
): Act<'client.describe', z.infer<typeof describeParameters>> {
  return {
    name: 'client.describe',
    read: (given) => validated(describeParameters, given),
    plan({ client: id, description }) {
      const before = clientNamed(clients, id);
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

function revokeClient(clients: ClientAdministration): Act<'client.revoke', z.infer<typeof named>> {
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

function clientNamed(clients: ClientAdministration, id: string): Client {
  const client = existing(clients, id);
  if (client.revokedAt === null) return client;
  throw new KeywardError('client_revoked', `Client ${id} is revoked; create another one.`);
}

export function existing(clients: ClientAdministration, id: string): Client {
  const client = clients.list().find((each) => each.id === id);
  if (!client) throw new KeywardError('unknown_client', 'There is no client of that id.');
  return client;
}

type Grant = z.infer<typeof grantRequest>;

function addGrant(clients: ClientAdministration, keyRing: KeyRing): Act<'grant.add', Grant> {
  return {
    name: 'grant.add',
    read: (given) => validated(grantRequest, given),
    plan(grant) {
      const { held, revoked } = grantsOf(clients, keyRing, grant);
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

function removeGrant(clients: ClientAdministration, keyRing: KeyRing): Act<'grant.remove', Grant> {
  return {
    name: 'grant.remove',
    read: (given) => validated(grantRequest, given),
    plan(grant) {
      const { held } = grantsOf(clients, keyRing, grant);
      return { subject: `client:${grant.client}`, before: held ? grant : null, after: null };
    },
    async execute({ client, scope, action }, actor) {
      return { client: clientRepresentation(await clients.withdraw(client, scope, action, actor)) };
    },
  };
}

function grantsOf(clients: ClientAdministration, keyRing: KeyRing, { client: id, scope, action }: Grant) {
  const client = existing(clients, id);
  if (!keyRing.scope(scope)) throw new KeywardError('unknown_scope', 'There is no scope of that id.');
  const held = client.grants.some((grant) => grant.scopeId === scope && grant.action === action);
  return { held, revoked: client.revokedAt !== null };
}

export function clientActs(clients: ClientAdministration, keyRing: KeyRing): readonly AnyAct[] {
  return [
    createClient(clients),
    replaceClientCredential(clients),
    describeClient(clients),
    revokeClient(clients),
    addGrant(clients, keyRing),
    removeGrant(clients, keyRing),
  ];
}
