import type { Registry, ReservedKey, StoredKey } from '../kernel/registry.ts';
import { actOf } from './audited-change.ts';
import { tokenOf } from './hsm-token-column.ts';
import { inconsistent } from './inconsistent.ts';
import { keyMade } from './key-made.ts';
import { keyToRow, reservedKeyRow } from './key-row.ts';
import type { RegistryChanges } from './signed/registry-changes.ts';
import { put, type RowChange, remove } from './signed/row-change.ts';
import type { RowOf } from './signed/tables.ts';
import type { RegistryView } from './signed/trusted-registry.ts';
import { onStandingToken } from './token-compromise-check.ts';

type Reservations = Pick<Registry, 'reserveKey' | 'completeKey' | 'abandonKey' | 'reservedKeys'>;

/** Another key for a scope that exists: reserved, made, and then of its key set. */
export function keyReservations(changes: RegistryChanges): Reservations {
  return {
    reserveKey: (reservation, createdAt, actor) => {
      const { scopeId, hsmId, hsmToken } = reservation;
      const details = { hsm_id: hsmId, hsm_token: hsmToken };
      const event = actOf(actor, 'key.reserved', `scope:${scopeId}`, details);
      return changes.change(event, (registry) => reserve(registry, reservation, createdAt));
    },
    completeKey: (made, actor) => {
      const { key } = made;
      const details = { scope: key.scopeId, ...keyMade(made) };
      const event = actOf(actor, 'key.created', `key:${key.kid}`, details);
      return changes.change(event, (registry) => complete(registry, key), onStandingToken(key.hsmToken));
    },
    abandonKey: (reservation, why, actor) => {
      const { scopeId, hsmId } = reservation;
      const event = actOf(actor, 'key.abandoned', `scope:${scopeId}`, { hsm_id: hsmId, why });
      return changes.change(event, (registry) => [remove('signing_keys', reserved(registry, reservation))]);
    },
    reservedKeys: async () => reservedKeys(changes.view),
  };
}

function reserve(
  registry: RegistryView,
  { scopeId, hsmId, hsmToken }: ReservedKey,
  createdAt: number,
): readonly RowChange[] {
  const { id } = readyScope(registry, scopeId);
  return [put('signing_keys', reservedKeyRow(hsmId, { id, hsmToken, createdAt }))];
}

function complete(registry: RegistryView, key: StoredKey): readonly RowChange[] {
  const scope = readyScope(registry, key.scopeId);
  reserved(registry, { scopeId: key.scopeId, hsmId: key.binding.hsmId, hsmToken: key.hsmToken });
  return [
    put('signing_keys', keyToRow(key)),
    put('scopes', { ...scope, key_set_version: scope.key_set_version + 1 }),
  ];
}

function reservedKeys(registry: RegistryView): readonly ReservedKey[] {
  const ready = new Set(registry.rows('scopes').flatMap(({ id, state }) => (state === 'ready' ? [id] : [])));
  return registry
    .rows('signing_keys')
    .filter(({ scope_id, state }) => state === 'reserved' && ready.has(scope_id))
    .map(({ scope_id, hsm_id, hsm_token }) => ({
      scopeId: scope_id,
      hsmId: hsm_id,
      hsmToken: tokenOf(hsm_token),
    }));
}

function readyScope(registry: RegistryView, scopeId: string): RowOf<'scopes'> {
  const scope = registry.row('scopes', scopeId);
  if (scope?.state === 'ready') return scope;
  throw inconsistent(`there is no scope ${scopeId}`);
}

function reserved(registry: RegistryView, { scopeId, hsmId, hsmToken }: ReservedKey): RowOf<'signing_keys'> {
  const row = registry.row('signing_keys', hsmId);
  const isOfScope = row?.state === 'reserved' && row.scope_id === scopeId;
  if (isOfScope && tokenOf(row.hsm_token) === hsmToken) return row;
  throw inconsistent(`${hsmId} on ${hsmToken} is not reserved for ${scopeId}`);
}
