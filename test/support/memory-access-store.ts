import type {
  AccessStore,
  Actor,
  Client,
  ClientsAndOperators,
  Grant,
  Operator,
  Role,
  StoredCredential,
} from '../../src/kernel/actor.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import { KeywardError } from '../../src/kernel/errors.ts';
import { Emitter } from '../../src/lib/emitter.ts';

const byPlace = (a: Grant, b: Grant) =>
  a.scopeId.localeCompare(b.scopeId) || a.action.localeCompare(b.action);

/** The `AccessStore` port in memory, for tests of what stands on it. It passes the port's contract. */
export class MemoryAccessStore implements AccessStore {
  readonly #clients = new Map<string, Client>();
  readonly #operators = new Map<string, Operator>();
  readonly #credentials: StoredCredential[] = [];
  readonly audited: AuditEvent[] = [];
  /** What the next change fails with, once. */
  failure: Error | undefined;

  readonly #changed = new Emitter<ClientsAndOperators>();
  readonly follow: AccessStore['follow'] = (view) => {
    view({
      clients: [...this.#clients.values()],
      operators: [...this.#operators.values()],
      credentials: [...this.#credentials],
    });
    return this.#changed.subscribe(view);
  };

  async addClient(client: Client, digest: Uint8Array, actor: Actor): Promise<void> {
    if (this.#clients.has(client.id)) throw new KeywardError('client_exists', 'There is such a client.');
    this.#refuseTaken(digest);
    this.#audit(actor, 'client.created', `client:${client.id}`, { description: client.description });
    this.#clients.set(client.id, client);
    this.#addCredential('svc', client, digest);
    this.#tell(client.id);
  }

  async revokeClient(clientId: string, revokedAt: number, actor: Actor): Promise<void> {
    this.#audit(actor, 'client.revoked', `client:${clientId}`, {});
    this.#change(clientId, { revokedAt });
    this.#revokeCredentials('svc', clientId, revokedAt);
    this.#tell(clientId);
  }

  async describeClient(clientId: string, description: string, actor: Actor): Promise<void> {
    this.#audit(actor, 'client.described', `client:${clientId}`, { description });
    this.#change(clientId, { description });
    this.#tell(clientId);
  }

  async addGrant(clientId: string, grant: Grant, actor: Actor): Promise<void> {
    this.#audit(actor, 'grant.added', `client:${clientId}`, { scope: grant.scopeId, action: grant.action });
    this.#change(clientId, { grants: [...this.#grantsBut(clientId, grant), grant].sort(byPlace) });
    this.#tell(clientId);
  }

  async removeGrant(clientId: string, grant: Grant, actor: Actor): Promise<void> {
    this.#audit(actor, 'grant.withdrawn', `client:${clientId}`, {
      scope: grant.scopeId,
      action: grant.action,
    });
    this.#change(clientId, { grants: this.#grantsBut(clientId, grant) });
    this.#tell(clientId);
  }

  async addOperator(operator: Operator, digest: Uint8Array, actor: Actor): Promise<void> {
    if (this.#operators.has(operator.id))
      throw new KeywardError('operator_exists', 'There is such an operator.');
    this.#refuseTaken(digest);
    this.#audit(actor, 'operator.created', `operator:${operator.id}`, { roles: operator.roles });
    this.#operators.set(operator.id, operator);
    this.#addCredential('ops', operator, digest);
    this.#tell(operator.id);
  }

  async revokeOperator(operatorId: string, revokedAt: number, actor: Actor): Promise<void> {
    this.#audit(actor, 'operator.revoked', `operator:${operatorId}`, {});
    this.#changeOperator(operatorId, { revokedAt });
    this.#revokeCredentials('ops', operatorId, revokedAt);
    this.#tell(operatorId);
  }

  async setRoles(operatorId: string, roles: readonly Role[], actor: Actor): Promise<void> {
    this.#audit(actor, 'operator.roles_changed', `operator:${operatorId}`, { roles });
    this.#changeOperator(operatorId, { roles });
    this.#tell(operatorId);
  }

  async replaceCredential(credential: StoredCredential, actor: Actor): Promise<void> {
    const { kind, holderId, digest, createdAt } = credential;
    this.#refuseTaken(digest);
    const holder = kind === 'svc' ? 'client' : 'operator';
    this.#audit(actor, `${holder}.credential_replaced`, `${holder}:${holderId}`, {});
    this.#revokeCredentials(kind, holderId, createdAt);
    this.#credentials.push(credential);
    this.#tell(holderId);
  }

  /** Of a client and an operator of one id, both. */
  #tell(id: string): void {
    this.#changed.emit({
      clients: [this.#clients.get(id) ?? []].flat(),
      operators: [this.#operators.get(id) ?? []].flat(),
      credentials: this.#credentials.filter(({ holderId }) => holderId === id),
    });
  }

  #refuseTaken(digest: Uint8Array): void {
    if (this.#credentials.every((held) => Buffer.compare(held.digest, digest) !== 0)) return;
    throw new KeywardError('credential_taken', 'There is such a credential.');
  }

  #revokeCredentials(kind: StoredCredential['kind'], holderId: string, revokedAt: number): void {
    for (const [index, credential] of this.#credentials.entries()) {
      const isTheirs = credential.kind === kind && credential.holderId === holderId;
      if (isTheirs && credential.revokedAt === null) this.#credentials[index] = { ...credential, revokedAt };
    }
  }

  #changeOperator(id: string, change: Partial<Operator>): void {
    const operator = this.#operators.get(id);
    if (!operator) throw new Error(`no operator ${id}`);
    this.#operators.set(id, { ...operator, ...change });
  }

  #addCredential(kind: StoredCredential['kind'], holder: Client | Operator, digest: Uint8Array): void {
    const { id, createdAt } = holder;
    this.#credentials.push({ kind, digest, holderId: id, createdAt, revokedAt: null });
  }

  #audit(actor: Actor, type: string, subject: string, details: Record<string, unknown>): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
    this.audited.push({ type, actor: actor.operatorId, subject, requestId: actor.requestId, details });
  }

  #grantsBut(clientId: string, grant: Grant): Grant[] {
    const held = this.#clients.get(clientId)?.grants ?? [];
    return held.filter(({ scopeId, action }) => scopeId !== grant.scopeId || action !== grant.action);
  }

  #change(clientId: string, change: Partial<Client>): void {
    const client = this.#clients.get(clientId);
    if (!client) throw new Error(`no client ${clientId}`);
    this.#clients.set(clientId, { ...client, ...change });
  }
}
