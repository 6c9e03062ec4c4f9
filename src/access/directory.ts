import type {
  AccessStore,
  Action,
  Client,
  ClientsAndOperators,
  Grant,
  Grants,
  Operator,
  StoredCredential,
} from '../kernel/actor.ts';
import { Emitter, type Subscribable } from '../lib/emitter.ts';

interface ClientEntry {
  readonly client: Client;
  readonly granted: ReadonlySet<string>;
}

/** Who may do what, in memory, as the registry has it: what the hot path asks. */
export class Directory implements Grants {
  readonly #changes = new Emitter<string>();
  readonly #clients = new Map<string, ClientEntry>();
  readonly #operators = new Map<string, Operator>();
  readonly #credentials = new Map<string, StoredCredential>();
  /** What opens nothing any more, but was once given to somebody. */
  readonly #former = new Map<string, StoredCredential>();

  constructor(store: Pick<AccessStore, 'follow'>) {
    store.follow((changed) => this.#take(changed));
  }

  allows(clientId: string, scopeId: string, action: Action): boolean {
    const entry = this.#clients.get(clientId);
    return (
      entry !== undefined && entry.client.revokedAt === null && entry.granted.has(keyOf({ scopeId, action }))
    );
  }

  /** The id of each client whose standing, grants or credentials are others than before. */
  get clientChanges(): Subscribable<string> {
    return this.#changes;
  }

  client(id: string): Client | undefined {
    return this.#clients.get(id)?.client;
  }

  clients(): readonly Client[] {
    return Array.from(this.#clients.values(), (entry) => entry.client);
  }

  operator(id: string): Operator | undefined {
    return this.#operators.get(id);
  }

  operators(): readonly Operator[] {
    return [...this.#operators.values()];
  }

  /** Undefined for a revoked one too. */
  credential(digest: Buffer): StoredCredential | undefined {
    return this.#credentials.get(digest.toString('hex'));
  }

  /** Also one that was replaced or revoked, however long ago. */
  everHeld(digest: Buffer): StoredCredential | undefined {
    return this.credential(digest) ?? this.#former.get(digest.toString('hex'));
  }

  /** All of it is in force before anybody is told. */
  #take({ clients, operators, credentials }: ClientsAndOperators): void {
    for (const client of clients) {
      this.#clients.set(client.id, { client, granted: new Set(client.grants.map(keyOf)) });
    }
    for (const operator of operators) this.#operators.set(operator.id, operator);
    for (const credential of credentials) this.#takeCredential(credential);
    this.#changes.emitAll(clients.map(({ id }) => id));
  }

  #takeCredential(credential: StoredCredential): void {
    const key = Buffer.from(credential.digest).toString('hex');
    const opens = credential.revokedAt === null;
    this.#credentials.delete(key);
    (opens ? this.#credentials : this.#former).set(key, credential);
  }
}

function keyOf({ scopeId, action }: Grant): string {
  return `${action} ${scopeId}`;
}

const IDENTIFIER = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The rule for ids of clients and operators, the same as for scopes: 1 to 63 characters. */
export function isIdentifier(id: string): boolean {
  return IDENTIFIER.test(id);
}

export const IDENTIFIER_ADVICE = 'id: use 1 to 63 lower-case letters, digits and inner hyphens';
