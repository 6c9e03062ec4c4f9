import type { Actor } from '../domain/access.ts';
import type { AccessStore, StoredCredential } from '../domain/access-store.ts';
import type { Client, Grant, Operator, Role } from '../domain/client.ts';
import { KeywardError } from '../domain/errors.ts';
import { actOf } from './audited-change.ts';
import { compareText } from './compare-text.ts';
import type { RegistryChanges } from './signed/registry-changes.ts';
import { put, type RowChange, remove } from './signed/row-change.ts';
import { type RowOf, rowId } from './signed/tables.ts';
import type { RegistryView } from './signed/trusted-registry.ts';

export function createAccessStore(changes: RegistryChanges): AccessStore {
  return {
    load: async () => ({
      clients: clientsIn(changes.view),
      operators: operatorsIn(changes.view),
      credentials: changes.view.rows('credentials').map(credentialFrom),
    }),
    addClient: (client, digest, actor) =>
      changes.change(
        clientAct(actor, 'client.created', client.id, { description: client.description }),
        (registry) => addClient(registry, client, digest),
      ),
    revokeClient: (clientId, revokedAt, actor) =>
      changes.change(clientAct(actor, 'client.revoked', clientId), (registry) =>
        revoke(registry, clientId, revokedAt),
      ),
    addGrant: (clientId, grant, actor) =>
      changes.change(clientAct(actor, 'grant.added', clientId, asDetails(grant)), () => [
        put('grants', grantRow(clientId, grant)),
      ]),
    removeGrant: (clientId, grant, actor) =>
      changes.change(clientAct(actor, 'grant.withdrawn', clientId, asDetails(grant)), (registry) =>
        withdraw(registry, clientId, grant),
      ),
    addOperator: (operator, digest, actor) =>
      changes.change(
        actOf(actor, 'operator.created', `operator:${operator.id}`, { roles: operator.roles }),
        (registry) => addOperator(registry, operator, digest),
      ),
  };
}

function clientAct(actor: Actor, type: string, clientId: string, details: Record<string, unknown> = {}) {
  return actOf(actor, type, `client:${clientId}`, details);
}

function asDetails({ scopeId, action }: Grant): Record<string, unknown> {
  return { scope: scopeId, action };
}

function clientsIn(registry: RegistryView): Client[] {
  const grants = Map.groupBy(registry.rows('grants'), ({ client_id }) => client_id);
  return registry
    .rows('clients')
    .toSorted(byAge)
    .map(({ id, description, created_at, revoked_at }) => ({
      id,
      description,
      createdAt: created_at,
      revokedAt: revoked_at,
      grants: (grants.get(id) ?? []).map(grantFrom).sort(byPlace),
    }));
}

function grantFrom({ scope_id, action }: RowOf<'grants'>): Grant {
  return { scopeId: scope_id, action };
}

function operatorsIn(registry: RegistryView): Operator[] {
  return registry
    .rows('operators')
    .toSorted(byAge)
    .map(({ id, roles_json, created_at, revoked_at }) => ({
      id,
      roles: JSON.parse(roles_json) as Role[],
      createdAt: created_at,
      revokedAt: revoked_at,
    }));
}

function credentialFrom(row: RowOf<'credentials'>): StoredCredential {
  return {
    kind: row.kind,
    digest: row.digest,
    // The table itself sees to it that one of the two stands.
    holderId: row.client_id ?? row.operator_id ?? '',
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}

function addClient(registry: RegistryView, client: Client, digest: Uint8Array): RowChange[] {
  const { id, description, createdAt: created_at, revokedAt: revoked_at } = client;
  if (registry.row('clients', id)) {
    throw new KeywardError('client_exists', `There is a client ${id} already; choose another id.`);
  }
  const holder = { kind: 'svc', client_id: id, operator_id: null } as const;
  return [
    put('clients', { id, description, created_at, revoked_at }),
    put('credentials', { digest, ...holder, created_at, revoked_at: null }),
  ];
}

function revoke(registry: RegistryView, clientId: string, revoked_at: number): RowChange[] {
  const client = registry.row('clients', clientId);
  if (!client) return [];
  const credentials = registry
    .rows('credentials')
    .filter((row) => row.client_id === clientId && row.revoked_at === null);
  return [
    put('clients', { ...client, revoked_at }),
    ...credentials.map((row) => put('credentials', { ...row, revoked_at })),
  ];
}

function grantRow(client_id: string, { scopeId: scope_id, action }: Grant): RowOf<'grants'> {
  return { client_id, scope_id, action };
}

function withdraw(registry: RegistryView, clientId: string, grant: Grant): RowChange[] {
  const row = registry.row('grants', rowId('grants', { ...grantRow(clientId, grant) }));
  return row ? [remove('grants', row)] : [];
}

function addOperator(registry: RegistryView, operator: Operator, digest: Uint8Array): RowChange[] {
  const { id, roles, createdAt: created_at, revokedAt: revoked_at } = operator;
  if (registry.row('operators', id)) {
    throw new KeywardError('operator_exists', `There is an operator ${id} already; choose another id.`);
  }
  const holder = { kind: 'ops', client_id: null, operator_id: id } as const;
  return [
    put('operators', { id, roles_json: JSON.stringify(roles), created_at, revoked_at }),
    put('credentials', { digest, ...holder, created_at, revoked_at: null }),
  ];
}

function byAge(a: { created_at: number; id: string }, b: { created_at: number; id: string }): number {
  return a.created_at - b.created_at || compareText(a.id, b.id);
}

function byPlace(a: Grant, b: Grant): number {
  return compareText(a.scopeId, b.scopeId) || compareText(a.action, b.action);
}
