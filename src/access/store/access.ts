import { camelCased } from '../../db/camel-case.ts';
import { follow } from '../../db/signed/follow.ts';
import { type Plan, type RegistryChanges, settling } from '../../db/signed/registry-changes.ts';
import { put, type RowChange, type RowOf, remove, rowId } from '../../db/signed/tables.ts';
import type { ChangedRow, RegistryView } from '../../db/signed/trusted-registry.ts';
import type {
  AccessStore,
  Actor,
  Client,
  CredentialKind,
  Grant,
  Operator,
  Role,
  StoredCredential,
} from '../../kernel/actor.ts';
import { type AuditEvent, actOf } from '../../kernel/audit.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { compareText } from '../../lib/text.ts';

export function createAccessStore(changes: RegistryChanges): AccessStore {
  return {
    follow: follow(changes, ['clients', 'grants', 'operators', 'credentials'], (rows, registry) => ({
      clients: clientsIn(registry, new Set(rows.flatMap(clientOf))),
      operators: rows
        .flatMap((of) => (of.table === 'operators' ? [of.row] : []))
        .toSorted(byAge)
        .map(operatorFrom),
      credentials: rows.flatMap((of) => (of.table === 'credentials' ? [credentialFrom(of.row)] : [])),
    })),
    addClient: (client, digest, actor) =>
      act(actor, 'client.created', `client:${client.id}`, { description: client.description }, (registry) =>
        addClient(registry, client, digest),
      ),
    revokeClient: (id, revokedAt, actor) =>
      act(actor, 'client.revoked', `client:${id}`, {}, (registry) =>
        revoke(registry, 'clients', id, revokedAt),
      ),
    describeClient: (id, description, actor) =>
      act(actor, 'client.described', `client:${id}`, { description }, (registry) =>
        described(registry, id, description),
      ),
    addGrant: (clientId, grant, actor) =>
      act(actor, 'grant.added', `client:${clientId}`, asDetails(grant), () => [
        put('grants', grantRow(clientId, grant)),
      ]),
    removeGrant: (clientId, grant, actor) =>
      act(actor, 'grant.withdrawn', `client:${clientId}`, asDetails(grant), (registry) =>
        withdraw(registry, clientId, grant),
      ),
    addOperator: (operator, digest, actor) =>
      act(actor, 'operator.created', `operator:${operator.id}`, { roles: operator.roles }, (registry) =>
        addOperator(registry, operator, digest),
      ),
    revokeOperator: (id, revokedAt, actor) =>
      act(actor, 'operator.revoked', `operator:${id}`, {}, (registry) =>
        revoke(registry, 'operators', id, revokedAt),
      ),
    setRoles: (id, roles, actor) =>
      act(actor, 'operator.roles_changed', `operator:${id}`, { roles }, (registry) =>
        setRoles(registry, id, roles),
      ),
    replaceCredential: (credential, actor) => {
      const holder = HOLDERS[credential.kind];
      const subject = `${holder}:${credential.holderId}`;
      return act(actor, `${holder}.credential_replaced`, subject, {}, (registry) =>
        replaceCredential(registry, credential),
      );
    },
  };

  function act(actor: Actor, type: string, subject: string, details: AuditEvent['details'], plan: Plan) {
    return changes.change(actOf(actor, type, subject, details), settling(actor, plan));
  }
}

const HOLDERS = { svc: 'client', ops: 'operator' } as const satisfies Record<CredentialKind, string>;

function asDetails({ scopeId, action }: Grant): Record<string, unknown> {
  return { scope: scopeId, action };
}

function clientOf({ table, row }: ChangedRow<'clients' | 'grants' | 'operators' | 'credentials'>): string[] {
  if (table === 'operators') return [];
  const id = table === 'clients' ? row.id : row.client_id;
  return id === null ? [] : [id];
}

function clientsIn(registry: RegistryView, ids: ReadonlySet<string>): Client[] {
  const grants = Map.groupBy(registry.rows('grants'), ({ client_id }) => client_id);
  return registry
    .rows('clients')
    .filter(({ id }) => ids.has(id))
    .sort(byAge)
    .map((row) => ({ ...camelCased(row), grants: (grants.get(row.id) ?? []).map(grantFrom).sort(byPlace) }));
}

function grantFrom({ scope_id, action }: RowOf<'grants'>): Grant {
  return { scopeId: scope_id, action };
}

function operatorFrom({ roles_json, ...row }: RowOf<'operators'>): Operator {
  return { ...camelCased(row), roles: JSON.parse(roles_json) as Role[] };
}

function credentialFrom(row: RowOf<'credentials'>): StoredCredential {
  return {
    kind: row.kind,
    digest: row.digest,
    holderId: holderOf(row),
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}

/** The table itself sees to it that one of the two stands. */
function holderOf({ client_id, operator_id }: RowOf<'credentials'>): string {
  return client_id ?? operator_id ?? '';
}

function addClient(registry: RegistryView, client: Client, digest: Uint8Array): RowChange[] {
  const { id, description, createdAt: created_at, revokedAt: revoked_at } = client;
  if (registry.row('clients', id)) {
    throw new KeywardError('client_exists', `There is a client ${id} already; choose another id.`);
  }
  return [
    put('clients', { id, description, created_at, revoked_at }),
    newCredential(registry, { kind: 'svc', holderId: id, digest, createdAt: created_at }),
  ];
}

function revoke(
  registry: RegistryView,
  table: 'clients' | 'operators',
  id: string,
  revoked_at: number,
): RowChange[] {
  const row = registry.row(table, id);
  if (!row) return [];
  const holder = { kind: table === 'clients' ? 'svc' : 'ops', holderId: id } as const;
  return [put(table, { ...row, revoked_at }), ...revokedCredentials(registry, holder, revoked_at)];
}

type Holder = Pick<StoredCredential, 'kind' | 'holderId'>;

function revokedCredentials(
  registry: RegistryView,
  { kind, holderId }: Holder,
  revoked_at: number,
): RowChange[] {
  return registry
    .rows('credentials')
    .filter((row) => row.kind === kind && holderOf(row) === holderId && row.revoked_at === null)
    .map((row) => put('credentials', { ...row, revoked_at }));
}

/** A digest that is known already would give two holders one credential. */
function newCredential(
  registry: RegistryView,
  { kind, holderId, digest, createdAt: created_at }: Holder & Pick<StoredCredential, 'digest' | 'createdAt'>,
): RowChange {
  if (registry.row('credentials', Buffer.from(digest).toString('hex')) || isDecoy(registry, digest)) {
    throw credentialTaken();
  }
  const [client_id, operator_id] = kind === 'svc' ? [holderId, null] : [null, holderId];
  return put('credentials', { digest, kind, client_id, operator_id, created_at, revoked_at: null });
}

/** The same for a credential and for a decoy: it tells nobody which of them a digest is. */
export function credentialTaken(): KeywardError {
  return new KeywardError('credential_taken', 'This credential is or was in use; make another one.');
}

/** Whether a decoy has that digest, a retired one too. */
export function isDecoy(registry: RegistryView, digest: Uint8Array): boolean {
  return registry.rows('canaries').some((row) => row.digest && Buffer.compare(row.digest, digest) === 0);
}

function replaceCredential(registry: RegistryView, credential: StoredCredential): RowChange[] {
  return [
    ...revokedCredentials(registry, credential, credential.createdAt),
    newCredential(registry, credential),
  ];
}

function setRoles(registry: RegistryView, id: string, roles: readonly Role[]): RowChange[] {
  const row = registry.row('operators', id);
  return row ? [put('operators', { ...row, roles_json: JSON.stringify(roles) })] : [];
}

function described(registry: RegistryView, id: string, description: string): RowChange[] {
  const client = registry.row('clients', id);
  return client ? [put('clients', { ...client, description })] : [];
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
  return [
    put('operators', { id, roles_json: JSON.stringify(roles), created_at, revoked_at }),
    newCredential(registry, { kind: 'ops', holderId: id, digest, createdAt: created_at }),
  ];
}

function byAge(a: { created_at: number; id: string }, b: { created_at: number; id: string }): number {
  return a.created_at - b.created_at || compareText(a.id, b.id);
}

function byPlace(a: Grant, b: Grant): number {
  return compareText(a.scopeId, b.scopeId) || compareText(a.action, b.action);
}
