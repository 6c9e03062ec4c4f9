import type { Actor } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type {
  KeyAct,
  KeyLifecycleChange,
  NewKey,
  Registry,
  ReservedPlace,
  ServiceKey,
  StoredKey,
  UnfinishedScope,
} from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import { compareText } from '../lib/text.ts';
import { serviceKeyRow } from './enrol-service-keys.ts';
import { keyMade, keyReservations, leavingNoneOut, onStandingToken } from './key-reservations.ts';
import { keyFromRow, keyToRow, lifecycleToRow, type MadeKeyRow, reservedKeyRow } from './key-row.ts';
import type { TrxReader } from './schema.ts';
import { rotationPauses, scopeRevision } from './scope-revision.ts';
import { scopeFromRow, scopeToRow, tokenOf } from './scope-row.ts';
import { follow } from './signed/follow.ts';
import type { Beside } from './signed/intended-change.ts';
import { type RegistryChanges, settling } from './signed/registry-changes.ts';
import { inconsistent, put, type RowChange, type RowOf, remove } from './signed/tables.ts';
import type { ChangedRow, RegistryView } from './signed/trusted-registry.ts';

export function createRegistry(reader: TrxReader, changes: RegistryChanges): Registry {
  return {
    async load() {
      await changes.settle();
      const { view } = changes;
      return { scopes: scopesOf(view.rows('scopes')), keys: keysFrom(view.rows('signing_keys')) };
    },
    async unfinishedScopes() {
      await changes.settle();
      return unfinishedIn(changes.view);
    },
    follow: follow(changes, ['scopes', 'signing_keys'], (rows, registry) => {
      const changed = [...new Set(rows.flatMap(scopeOf))];
      return {
        scopes: scopesOf(changed.flatMap((id) => registry.row('scopes', id) ?? [])),
        keys: keysFrom(changed.flatMap((id) => registry.keysOf(id))),
      };
    }),
    reserveScope: (scope, keys, actor) =>
      changes.change(
        scopeAct(actor, 'scope.reserved', scope.id, {
          hsm_ids: keys.map(({ hsmId }) => hsmId),
          hsm_token: scope.hsmToken,
          standby_token: scope.standbyToken,
        }),
        (registry) => reserve(registry, scope, keys),
      ),
    completeScope: (scopeId, made, actor) =>
      changes.change(
        scopeAct(actor, 'scope.created', scopeId, {
          keys: made.map((each) => ({ kid: each.key.kid, ...keyMade(each) })),
        }),
        settling(actor, (registry) =>
          complete(
            registry,
            scopeId,
            made.map(({ key }) => key),
          ),
        ),
        eachOnStandingToken(made),
      ),
    abandonScope: (scopeId, why, actor) =>
      changes.change(scopeAct(actor, 'scope.abandoned', scopeId, { why }), (registry) =>
        abandon(registry, scopeId),
      ),
    changeKeys: (keyChanges, act) =>
      changes.change(
        eventOf(act),
        settling(act.actor, (registry) => changeKeys(registry, keyChanges)),
      ),
    restrictKeys: (keyChanges, act, may) =>
      changes.urgent(
        eventOf(act),
        (registry) => changeKeys(registry, keyChanges),
        may?.leaveOut ? undefined : leavingNoneOut(keyChanges),
      ),
    isReplicated: () => changes.isReplicated,
    signPending: async () => void (await changes.signPending()),
    ...keyReservations(changes),
    ...scopeRevision(changes),
    ...rotationPauses(changes),
    serviceKey: (role) => readServiceKey(reader, role),
    addServiceKey: (key, actor) =>
      changes.change(actOf(actor, 'service_key.added', `key:${key.kid}`, { role: key.role }), (registry) =>
        addServiceKey(registry, key),
      ),
  };
}

function scopeAct(actor: Actor, type: string, scopeId: string, details: Record<string, unknown>) {
  return actOf(actor, type, `scope:${scopeId}`, details);
}

function eventOf({ actor, type, subject, details }: KeyAct) {
  return actOf(actor, type, subject, details);
}

function scopesOf(rows: readonly RowOf<'scopes'>[]): Scope[] {
  return rows
    .filter(({ state }) => state === 'ready')
    .sort((a, b) => a.created_at - b.created_at || compareText(a.id, b.id))
    .map(scopeFromRow);
}

/** A reservation is no key of the scope yet. */
function scopeOf({ table, row }: ChangedRow<'scopes' | 'signing_keys'>): string[] {
  if (row.state === 'reserved') return [];
  return [table === 'scopes' ? row.id : row.scope_id];
}

function keysFrom(rows: readonly RowOf<'signing_keys'>[]): StoredKey[] {
  return rows
    .filter((row): row is MadeKeyRow => row.state !== 'reserved')
    .sort((a, b) => b.created_at - a.created_at || compareText(a.kid, b.kid))
    .map(keyFromRow);
}

function unfinishedIn(registry: RegistryView): UnfinishedScope[] {
  const scopes = registry.rows('scopes').filter(({ state }) => state === 'reserved');
  return scopes.sort(byId).map(({ id: scopeId, created_at: since }) => ({
    scopeId,
    since,
    keys: reservedFor(registry, scopeId)
      .map(({ hsm_id, hsm_token }) => ({ hsmId: hsm_id, hsmToken: tokenOf(hsm_token) }))
      .sort((a, b) => compareText(a.hsmId, b.hsmId)),
  }));
}

function byId(a: RowOf<'scopes'>, b: RowOf<'scopes'>): number {
  return compareText(a.id, b.id);
}

function reservedFor(registry: RegistryView, scopeId: string): readonly RowOf<'signing_keys'>[] {
  return registry.keysOf(scopeId).filter(({ state }) => state === 'reserved');
}

function reserve(registry: RegistryView, scope: Scope, keys: readonly ReservedPlace[]): RowChange[] {
  refuseTaken(registry, scope);
  return [
    put('scopes', scopeToRow(scope, 'reserved')),
    ...keys.map((key) => put('signing_keys', reservedKeyRow({ ...key, scopeId: scope.id }, scope.createdAt))),
  ];
}

function refuseTaken(registry: RegistryView, { id, issuer, audience }: Scope): void {
  if (registry.row('scopes', id)) {
    throw new KeywardError('scope_exists', `There is a scope ${id} already; choose another id.`);
  }
  const taken = registry
    .rows('scopes')
    .find((other) => other.issuer === issuer && other.audience === audience);
  if (taken) {
    throw new KeywardError(
      'issuer_audience_taken',
      `Scope ${taken.id} has this issuer and audience already.`,
    );
  }
}

function complete(registry: RegistryView, scopeId: string, keys: readonly StoredKey[]): RowChange[] {
  const scope = reservedScope(registry, scopeId);
  const rows = keys.map(keyToRow);
  const open = new Map(reservedFor(registry, scopeId).map(({ hsm_id, hsm_token }) => [hsm_id, hsm_token]));
  for (const { hsm_id, scope_id, hsm_token } of rows) {
    if (scope_id !== scopeId || hsm_token !== open.get(hsm_id) || !open.delete(hsm_id)) {
      throw inconsistent(`${hsm_id} is not reserved for ${scopeId}`);
    }
  }
  if (open.size > 0) throw inconsistent(`${open.size} reserved keys of ${scopeId} were not made`);
  return [...rows.map((row) => put('signing_keys', row)), put('scopes', { ...scope, state: 'ready' })];
}

function eachOnStandingToken(made: readonly NewKey[]): Beside {
  const tokens = new Set(made.map(({ key }) => key.hsmToken));
  return async (trx) => {
    for (const hsmToken of tokens) await onStandingToken(hsmToken)(trx);
  };
}

function abandon(registry: RegistryView, scopeId: string): RowChange[] {
  const scope = reservedScope(registry, scopeId);
  const keys = reservedFor(registry, scopeId);
  return [...keys.map((key) => remove('signing_keys', key)), remove('scopes', scope)];
}

/** The key that stops signing goes first: no two of a scope are active, not even within the transaction. */
function changeKeys(registry: RegistryView, changes: readonly KeyLifecycleChange[]): RowChange[] {
  const keys = changes.map((change) => changedKey(registry, change));
  const [starting, others] = [keys.filter(isActive), keys.filter((key) => !isActive(key))];
  const scopeIds = [...new Set(keys.map(({ scope_id }) => scope_id))];
  return [
    ...[...others, ...starting].map((key) => put('signing_keys', key)),
    ...scopeIds.map((id) => withNextKeySet(registry, id)),
  ];
}

function withNextKeySet(registry: RegistryView, scopeId: string): RowChange {
  const scope = registry.row('scopes', scopeId);
  if (!scope) throw inconsistent(`there is no scope ${scopeId}`);
  return put('scopes', { ...scope, key_set_version: scope.key_set_version + 1 });
}

function changedKey(registry: RegistryView, { before, after }: KeyLifecycleChange): RowOf<'signing_keys'> {
  const row = registry.keysOf(after.scopeId).find(({ kid }) => kid === after.kid);
  if (!row) throw inconsistent(`there is no key ${after.kid} of ${after.scopeId}`);
  if (row.state !== before.state) {
    throw new KeywardError(
      'key_changed',
      `Key ${after.kid} is ${row.state} by now; look at it, and ask again where that is still wanted.`,
    );
  }
  return { ...row, ...lifecycleToRow(after) };
}

function isActive({ state }: RowOf<'signing_keys'>): boolean {
  return state === 'active';
}

function reservedScope(registry: RegistryView, scopeId: string): RowOf<'scopes'> {
  const scope = registry.row('scopes', scopeId);
  if (scope?.state === 'reserved') return scope;
  throw inconsistent(`scope ${scopeId} was not reserved`);
}

/** Past the signatures, which cannot be checked before it is known: the configuration's fingerprint decides. */
async function readServiceKey(reader: TrxReader, role: ServiceKey['role']): Promise<ServiceKey | undefined> {
  const row = await reader.read((trx) =>
    trx.selectFrom('service_keys').selectAll().where('role', '=', role).executeTakeFirst(),
  );
  if (!row) return undefined;
  return {
    role: row.role,
    kid: row.kid,
    hsmId: row.hsm_id,
    publicJwk: JSON.parse(row.public_jwk_json) as PublicJwk,
    createdAt: row.created_at,
  };
}

function addServiceKey(registry: RegistryView, key: ServiceKey): RowChange[] {
  if (registry.row('service_keys', key.role)) throw inconsistent(`there is a key for ${key.role}`);
  return [put('service_keys', serviceKeyRow(key))];
}
