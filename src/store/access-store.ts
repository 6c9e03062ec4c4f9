import type { Transaction } from 'kysely';
import type { Actor } from '../domain/access.ts';
import type { AccessStore, StoredCredential } from '../domain/access-store.ts';
import type { Client, Grant, Operator, Role } from '../domain/client.ts';
import { KeywardError } from '../domain/errors.ts';
import { type AuditedChange, actOf } from './audited-change.ts';
import type { Reader } from './reader.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

export function createAccessStore(reader: Pick<Reader, 'read'>, change: AuditedChange): AccessStore {
  return {
    load: () =>
      reader.read(async (trx) => ({
        clients: await readClients(trx),
        operators: await readOperators(trx),
        credentials: await readCredentials(trx),
      })),
    addClient: (client, digest, actor) =>
      change(clientAct(actor, 'client.created', client.id, { description: client.description }), (trx) =>
        insertClient(trx, client, digest),
      ),
    revokeClient: (clientId, revokedAt, actor) =>
      change(clientAct(actor, 'client.revoked', clientId), (trx) => revoke(trx, clientId, revokedAt)),
    addGrant: (clientId, grant, actor) =>
      change(clientAct(actor, 'grant.added', clientId, asDetails(grant)), (trx) =>
        insertGrant(trx, clientId, grant),
      ),
    removeGrant: (clientId, grant, actor) =>
      change(clientAct(actor, 'grant.withdrawn', clientId, asDetails(grant)), (trx) =>
        deleteGrant(trx, clientId, grant),
      ),
    addOperator: (operator, digest, actor) =>
      change(actOf(actor, 'operator.created', `operator:${operator.id}`, { roles: operator.roles }), (trx) =>
        insertOperator(trx, operator, digest),
      ),
  };
}

function clientAct(actor: Actor, type: string, clientId: string, details: Record<string, unknown> = {}) {
  return actOf(actor, type, `client:${clientId}`, details);
}

function asDetails({ scopeId, action }: Grant): Record<string, unknown> {
  return { scope: scopeId, action };
}

async function readClients(trx: Trx): Promise<Client[]> {
  const clients = await trx.selectFrom('clients').selectAll().orderBy('created_at').orderBy('id').execute();
  const grants = await trx.selectFrom('grants').selectAll().orderBy('scope_id').orderBy('action').execute();
  const byClient = Map.groupBy(grants, (grant) => grant.client_id);
  return clients.map((row) => ({
    id: row.id,
    description: row.description,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    grants: (byClient.get(row.id) ?? []).map((grant) => ({ scopeId: grant.scope_id, action: grant.action })),
  }));
}

async function readOperators(trx: Trx): Promise<Operator[]> {
  const rows = await trx.selectFrom('operators').selectAll().orderBy('created_at').orderBy('id').execute();
  return rows.map((row) => ({
    id: row.id,
    roles: JSON.parse(row.roles_json) as Role[],
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  }));
}

async function readCredentials(trx: Trx): Promise<StoredCredential[]> {
  const rows = await trx
    .selectFrom('credentials')
    .select((eb) => eb.fn.coalesce('client_id', 'operator_id').$notNull().as('holder_id'))
    .select(['digest', 'kind', 'created_at', 'revoked_at'])
    .execute();
  return rows.map((row) => ({
    kind: row.kind,
    digest: row.digest,
    holderId: row.holder_id,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  }));
}

async function insertClient(trx: Trx, client: Client, digest: Uint8Array): Promise<void> {
  const { id, description, createdAt: created_at, revokedAt: revoked_at } = client;
  if (await trx.selectFrom('clients').select('id').where('id', '=', id).executeTakeFirst()) {
    throw new KeywardError('client_exists', `There is a client ${id} already; choose another id.`);
  }
  await trx.insertInto('clients').values({ id, description, created_at, revoked_at }).execute();
  await trx.insertInto('credentials').values({ digest, kind: 'svc', client_id: id, created_at }).execute();
}

async function revoke(trx: Trx, clientId: string, revokedAt: number): Promise<void> {
  const set = { revoked_at: revokedAt };
  await trx.updateTable('clients').set(set).where('id', '=', clientId).execute();
  await trx
    .updateTable('credentials')
    .set(set)
    .where('client_id', '=', clientId)
    .where('revoked_at', 'is', null)
    .execute();
}

async function insertGrant(trx: Trx, clientId: string, { scopeId, action }: Grant): Promise<void> {
  await trx
    .insertInto('grants')
    .values({ client_id: clientId, scope_id: scopeId, action })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function deleteGrant(trx: Trx, clientId: string, { scopeId, action }: Grant): Promise<void> {
  await trx
    .deleteFrom('grants')
    .where('client_id', '=', clientId)
    .where('scope_id', '=', scopeId)
    .where('action', '=', action)
    .execute();
}

async function insertOperator(trx: Trx, operator: Operator, digest: Uint8Array): Promise<void> {
  const { id, roles, createdAt: created_at, revokedAt: revoked_at } = operator;
  if (await trx.selectFrom('operators').select('id').where('id', '=', id).executeTakeFirst()) {
    throw new KeywardError('operator_exists', `There is an operator ${id} already; choose another id.`);
  }
  const roles_json = JSON.stringify(roles);
  await trx.insertInto('operators').values({ id, roles_json, created_at, revoked_at }).execute();
  await trx.insertInto('credentials').values({ digest, kind: 'ops', operator_id: id, created_at }).execute();
}
