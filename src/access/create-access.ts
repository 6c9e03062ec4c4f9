import type {
  AccessStore,
  Authenticator,
  Client,
  ClientAdministration,
  Grants,
  OperatorAdministration,
} from '../kernel/actor.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Subscribable } from '../lib/emitter.ts';
import { createAuthenticator } from './authenticator.ts';
import { Clients } from './clients.ts';
import { Directory } from './directory.ts';
import { Operators } from './operators.ts';
import type { CredentialHolders } from './partners.ts';

/** From memory, as authentication is. */
function createCredentialHolders(directory: Directory): CredentialHolders {
  return {
    holderOf(digest) {
      const held = directory.everHeld(digest);
      if (!held) return undefined;
      const { kind, holderId: id, revokedAt } = held;
      const client = kind === 'svc' ? directory.client(id) : undefined;
      const holder = client ?? directory.operator(id);
      const opens = revokedAt === null && holder?.revokedAt === null;
      const scopes = [...new Set(client?.grants.map(({ scopeId }) => scopeId))].sort();
      return { kind, id, opens, scopes };
    },
  };
}

export interface Access {
  readonly authenticator: Authenticator;
  readonly grants: Grants;
  readonly clients: ClientAdministration;
  readonly operators: OperatorAdministration;
  client(id: string): Client | undefined;
  /** Who holds a credential, or once did. */
  readonly holders: CredentialHolders;
  /** The id of each client whose standing, grants or credentials are others than before. */
  readonly clientChanges: Subscribable<string>;
}

/** `knowsScope` is asked at each grant, so scopes created later count. */
export function createAccess(
  store: AccessStore,
  clock: Clock,
  knowsScope: (scopeId: string) => boolean,
): Access {
  const directory = new Directory(store);
  return {
    authenticator: createAuthenticator(directory),
    grants: directory,
    clients: new Clients({ store, directory, clock, knowsScope }),
    operators: new Operators(store, directory, clock),
    client: (id) => directory.client(id),
    holders: createCredentialHolders(directory),
    clientChanges: directory.clientChanges,
  };
}
