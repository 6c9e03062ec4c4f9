import {
  ACTIONS,
  type AccessStore,
  type Action,
  type Actor,
  type Client,
  type ClientAdministration,
  DESCRIPTION_ADVICE,
  type Grant,
  isDescription,
} from '../kernel/actor.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import type { Clock } from '../kernel/clock.ts';
import { makeCredential } from '../kernel/credential.ts';
import { KeywardError } from '../kernel/errors.ts';
import { Mutex } from '../lib/mutex.ts';
import { type Directory, IDENTIFIER_ADVICE, isIdentifier } from './directory.ts';

interface Deps {
  readonly store: AccessStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly knowsScope: (scopeId: string) => boolean;
}

/** One change at a time; the directory follows the store. */
export class Clients implements ClientAdministration {
  readonly #turns = new Mutex();
  readonly #store: AccessStore;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #knowsScope: (scopeId: string) => boolean;

  constructor({ store, directory, clock, knowsScope }: Deps) {
    this.#store = store;
    this.#directory = directory;
    this.#clock = clock;
    this.#knowsScope = knowsScope;
  }

  async create(client: { id: string; description: string }, actor: Actor) {
    const { text, digest } = makeCredential('svc');
    return { ...(await this.enrol({ ...client, digest }, actor)), credential: text };
  }

  async enrol({ digest, ...named }: { id: string; description: string; digest: Uint8Array }, actor: Actor) {
    validateClient(named);
    const createdAt = this.#clock.nowSeconds();
    const client: Client = { ...named, createdAt, revokedAt: null, grants: [] };
    await this.#turns.runExclusive(() => this.#store.addClient(client, digest, actor));
    return { client };
  }

  replaceCredential(clientId: string, digest: Uint8Array, actor: Actor): Promise<Client> {
    return this.#change(clientId, async (client) => {
      refuseRevoked(client);
      const createdAt = this.#clock.nowSeconds();
      const credential = { kind: 'svc', digest, holderId: clientId, createdAt, revokedAt: null } as const;
      await this.#store.replaceCredential(credential, actor);
    });
  }

  describe(clientId: string, description: string, actor: Actor): Promise<Client> {
    return this.#change(clientId, async (client) => {
      refuseRevoked(client);
      validateClient({ id: clientId, description });
      if (description === client.description) return;
      await this.#store.describeClient(clientId, description, actor);
    });
  }

  revoke(clientId: string, actor: Actor): Promise<Client> {
    return this.#change(clientId, async (client) => {
      if (client.revokedAt !== null) return;
      await this.#store.revokeClient(clientId, this.#clock.nowSeconds(), actor);
    });
  }

  list(): readonly Client[] {
    return this.#directory.clients();
  }

  grant(clientId: string, scopeId: string, action: Action, actor: Actor): Promise<Client> {
    const grant = { scopeId, action };
    return this.#change(clientId, async (client) => {
      this.#refuseUnknown(grant);
      refuseRevoked(client);
      if (client.grants.some((held) => same(held, grant))) return;
      if (actor.alone) throw takesTwoByNow();
      await this.#store.addGrant(clientId, grant, actor);
    });
  }

  withdraw(clientId: string, scopeId: string, action: Action, actor: Actor): Promise<Client> {
    const grant = { scopeId, action };
    return this.#change(clientId, async (client) => {
      this.#refuseUnknown(grant);
      if (!client.grants.some((held) => same(held, grant))) return;
      await this.#store.removeGrant(clientId, grant, actor);
    });
  }

  #change(clientId: string, change: (client: Client) => Promise<void>): Promise<Client> {
    return this.#turns.runExclusive(async () => {
      await change(this.#known(clientId));
      return this.#known(clientId);
    });
  }

  #known(clientId: string): Client {
    const client = this.#directory.client(clientId);
    if (client) return client;
    throw new KeywardError('unknown_client', 'There is no client of that id.');
  }

  #refuseUnknown({ scopeId, action }: Grant): void {
    if (!this.#knowsScope(scopeId)) throw new KeywardError('unknown_scope', 'There is no scope of that id.');
    if (ACTIONS.includes(action)) return;
    throw new KeywardError('invalid_client', `action: use one of ${ACTIONS.join(', ')}`);
  }
}

function refuseRevoked({ id, revokedAt }: Client): void {
  if (revokedAt === null) return;
  throw new KeywardError('client_revoked', `Client ${id} is revoked; create another one.`);
}

/** `invalid_client` names the member that is wrong. */
export function validateClient({ id, description }: { id: string; description: string }): void {
  if (!isIdentifier(id)) throw new KeywardError('invalid_client', IDENTIFIER_ADVICE);
  if (isDescription(description)) return;
  throw new KeywardError('invalid_client', `description: ${DESCRIPTION_ADVICE}`);
}

function same(a: Grant, b: Grant): boolean {
  return a.scopeId === b.scopeId && a.action === b.action;
}
