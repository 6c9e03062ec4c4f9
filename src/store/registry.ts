import type { Transaction } from 'kysely';
import type { Actor } from '../domain/access.ts';
import { KeywardError } from '../domain/errors.ts';
import type { PublicJwk } from '../domain/key.ts';
import type { Registry, ServiceKey, StoredKey, UnfinishedScope } from '../domain/registry.ts';
import type { Scope } from '../domain/scope.ts';
import { type AuditedChange, actOf } from './audited-change.ts';
import { keyFromRow, keyToRow, type MadeColumns } from './key-row.ts';
import type { Reader } from './reader.ts';
import type { Schema } from './schema.ts';
import { scopeFromRow, scopeToRow } from './scope-row.ts';

type Trx = Transaction<Schema>;

export function createRegistry(reader: Pick<Reader, 'read'>, change: AuditedChange): Registry {
  return {
    load: () =>
      reader.read(async (trx) => ({
        scopes: await readScopes(trx),
        keys: await readKeys(trx),
        unfinished: await readUnfinished(trx),
      })),
    reserveScope: (scope, hsmIds, actor) =>
      change(scopeAct(actor, 'scope.reserved', scope.id, { hsm_ids: hsmIds }), (trx) =>
        reserve(trx, scope, hsmIds),
      ),
    completeScope: (scopeId, keys, actor) =>
      change(scopeAct(actor, 'scope.created', scopeId, { keys: keys.map(named) }), (trx) =>
        complete(trx, scopeId, keys),
      ),
    abandonScope: (scopeId, why, actor) =>
      change(scopeAct(actor, 'scope.abandoned', scopeId, { why }), (trx) => abandon(trx, scopeId)),
    serviceKey: (role) => reader.read((trx) => readServiceKey(trx, role)),
    addServiceKey: (key, actor) =>
      change(actOf(actor, 'service_key.added', `key:${key.kid}`, { role: key.role }), (trx) =>
        insertServiceKey(trx, key),
      ),
  };
}

function scopeAct(actor: Actor, type: string, scopeId: string, details: Record<string, unknown>) {
  return actOf(actor, type, `scope:${scopeId}`, details);
}

function named({ kid, state }: StoredKey): Record<string, unknown> {
  return { kid, state };
}

async function readScopes(trx: Trx): Promise<Scope[]> {
  const rows = await trx
    .selectFrom('scopes')
    .selectAll()
    .where('state', '=', 'ready')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(scopeFromRow);
}

async function readKeys(trx: Trx): Promise<StoredKey[]> {
  const rows = await trx
    .selectFrom('signing_keys')
    .selectAll()
    .where('state', '!=', 'reserved')
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .$narrowType<MadeColumns>()
    .execute();
  return rows.map(keyFromRow);
}

async function readUnfinished(trx: Trx): Promise<UnfinishedScope[]> {
  const rows = await trx
    .selectFrom('scopes')
    .leftJoin('signing_keys', 'signing_keys.scope_id', 'scopes.id')
    .select(['scopes.id', 'signing_keys.hsm_id'])
    .where('scopes.state', '=', 'reserved')
    .orderBy('scopes.id')
    .orderBy('signing_keys.hsm_id')
    .execute();
  const byScope = Map.groupBy(rows, (row) => row.id);
  return [...byScope].map(([scopeId, reserved]) => ({
    scopeId,
    hsmIds: reserved.flatMap((row) => row.hsm_id ?? []),
  }));
}

async function reserve(trx: Trx, scope: Scope, hsmIds: readonly string[]): Promise<void> {
  await refuseTaken(trx, scope);
  await trx.insertInto('scopes').values(scopeToRow(scope, 'reserved')).execute();
  for (const hsmId of hsmIds) {
    await trx
      .insertInto('signing_keys')
      .values({ hsm_id: hsmId, scope_id: scope.id, state: 'reserved', created_at: scope.createdAt })
      .execute();
  }
}

async function refuseTaken(trx: Trx, { id, issuer, audience }: Scope): Promise<void> {
  const sameId = trx.selectFrom('scopes').select('id').where('id', '=', id);
  if (await sameId.executeTakeFirst()) {
    throw new KeywardError('scope_exists', `There is a scope ${id} already; choose another id.`);
  }
  const samePair = trx
    .selectFrom('scopes')
    .select('id')
    .where('issuer', '=', issuer)
    .where('audience', '=', audience);
  const taken = await samePair.executeTakeFirst();
  if (taken) {
    throw new KeywardError(
      'issuer_audience_taken',
      `Scope ${taken.id} has this issuer and audience already.`,
    );
  }
}

async function complete(trx: Trx, scopeId: string, keys: readonly StoredKey[]): Promise<void> {
  for (const key of keys) await fillReservation(trx, scopeId, key);
  const { open } = await trx
    .selectFrom('signing_keys')
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .where('scope_id', '=', scopeId)
    .where('state', '=', 'reserved')
    .executeTakeFirstOrThrow();
  if (open > 0) throw inconsistent(`${open} reserved keys of ${scopeId} were not made`);
  const { numUpdatedRows } = await trx
    .updateTable('scopes')
    .set({ state: 'ready' })
    .where('id', '=', scopeId)
    .where('state', '=', 'reserved')
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw inconsistent(`scope ${scopeId} was not reserved`);
}

async function fillReservation(trx: Trx, scopeId: string, key: StoredKey): Promise<void> {
  const { hsm_id, scope_id, ...columns } = keyToRow(key);
  const { numUpdatedRows } = await trx
    .updateTable('signing_keys')
    .set(columns)
    .where('hsm_id', '=', hsm_id)
    .where('scope_id', '=', scopeId)
    .where('state', '=', 'reserved')
    .executeTakeFirst();
  if (numUpdatedRows !== 1n || scope_id !== scopeId)
    throw inconsistent(`${hsm_id} is not reserved for ${scopeId}`);
}

async function abandon(trx: Trx, scopeId: string): Promise<void> {
  await trx
    .deleteFrom('signing_keys')
    .where('scope_id', '=', scopeId)
    .where('state', '=', 'reserved')
    .execute();
  const { numDeletedRows } = await trx
    .deleteFrom('scopes')
    .where('id', '=', scopeId)
    .where('state', '=', 'reserved')
    .executeTakeFirst();
  if (numDeletedRows !== 1n) throw inconsistent(`scope ${scopeId} was not reserved`);
}

async function readServiceKey(trx: Trx, role: ServiceKey['role']): Promise<ServiceKey | undefined> {
  const row = await trx.selectFrom('service_keys').selectAll().where('role', '=', role).executeTakeFirst();
  if (!row) return undefined;
  return {
    role: row.role,
    kid: row.kid,
    hsmId: row.hsm_id,
    publicJwk: JSON.parse(row.public_jwk_json) as PublicJwk,
    createdAt: row.created_at,
  };
}

async function insertServiceKey(trx: Trx, key: ServiceKey): Promise<void> {
  await trx
    .insertInto('service_keys')
    .values({
      role: key.role,
      kid: key.kid,
      hsm_id: key.hsmId,
      public_jwk_json: JSON.stringify(key.publicJwk),
      created_at: key.createdAt,
    })
    .execute();
}

/** What the registry was asked does not fit what it holds: an error of ours, never of the caller. */
function inconsistent(what: string): KeywardError {
  return new KeywardError('internal', 'The registry does not hold what this change needs.', {
    cause: new Error(what),
  });
}
