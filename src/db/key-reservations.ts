import { type AuditEvent, actOf } from '../kernel/audit.ts';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import {
  type KeyLifecycleChange,
  type NewKey,
  noKeyMadeOn,
  type Registry,
  type ReservedKey,
  type StoredKey,
  type UnfinishedKey,
} from '../kernel/registry.ts';

import { keyToRow, reservedKeyRow } from './key-row.ts';
import type { Trx } from './schema.ts';
import { tokenOf } from './scope-row.ts';
import type { Beside } from './signed/intended-change.ts';
import type { RegistryChanges } from './signed/registry-changes.ts';
import { inconsistent, put, type RowChange, type RowOf, remove } from './signed/tables.ts';
import type { RegistryView } from './signed/trusted-registry.ts';

/** What the audit event of a key's making keeps: readable as it is, and signed by the key in `statement`. */
export function keyMade({ key, proof, statement }: NewKey): AuditEvent['details'] {
  const { attributes, mechanism, token } = proof;
  return {
    state: key.state,
    hsm_id: key.binding.hsmId,
    hsm_token: key.hsmToken,
    proof: { attributes, mechanism, token, statement },
  };
}

/** Within the commit of a new key: `hsm_token_compromised` where that of its token came first. */
export function onStandingToken(hsmToken: string): Beside {
  return async (trx) => {
    const marked = await trx
      .selectFrom('signing_keys')
      .select('hsm_token')
      .distinct()
      .where('token_compromised_at', 'is not', null)
      .execute();
    if (marked.some((row) => tokenOf(row.hsm_token) === hsmToken)) throw noKeyMadeOn(hsmToken);
  };
}

/** Within the commit of a compromise: `key_changed` where a key came to be on the token that it leaves out. */
export function leavingNoneOut(changes: readonly KeyLifecycleChange[]): Beside {
  const marked = changes.find(({ after }) => after.times.tokenCompromised !== null)?.after.kid;
  return async (trx) => {
    const kid = marked === undefined ? undefined : await unmarkedBeside(trx, marked);
    if (kid === undefined) return;
    throw new KeywardError('key_changed', `Key ${kid} was made on the HSM token meanwhile; ask again.`);
  };
}

async function unmarkedBeside(trx: Trx, marked: string): Promise<string | undefined> {
  const onTheSame = await trx
    .selectFrom('signing_keys as other')
    .innerJoin('signing_keys as marked', (join) =>
      join.on((eb) =>
        eb(
          eb.fn.coalesce('other.hsm_token', eb.val(FIRST_TOKEN)),
          '=',
          eb.fn.coalesce('marked.hsm_token', eb.val(FIRST_TOKEN)),
        ),
      ),
    )
    .select('other.kid')
    .where('marked.kid', '=', marked)
    .where('other.token_compromised_at', 'is', null)
    .where('other.state', 'not in', ['reserved', 'destroyed'])
    .orderBy('other.kid')
    .limit(1)
    .executeTakeFirst();
  return onTheSame?.kid ?? undefined;
}

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
    async reservedKeys() {
      await changes.settle();
      return reservedKeys(changes.view);
    },
  };
}

function reserve(registry: RegistryView, reservation: ReservedKey, createdAt: number): readonly RowChange[] {
  readyScope(registry, reservation.scopeId);
  return [put('signing_keys', reservedKeyRow(reservation, createdAt))];
}

function complete(registry: RegistryView, key: StoredKey): readonly RowChange[] {
  const scope = readyScope(registry, key.scopeId);
  reserved(registry, { scopeId: key.scopeId, hsmId: key.binding.hsmId, hsmToken: key.hsmToken });
  return [
    put('signing_keys', keyToRow(key)),
    put('scopes', { ...scope, key_set_version: scope.key_set_version + 1 }),
  ];
}

function reservedKeys(registry: RegistryView): readonly UnfinishedKey[] {
  const ready = new Set(registry.rows('scopes').flatMap(({ id, state }) => (state === 'ready' ? [id] : [])));
  return registry
    .rows('signing_keys')
    .filter(({ scope_id, state }) => state === 'reserved' && ready.has(scope_id))
    .map(({ scope_id, hsm_id, hsm_token, created_at }) => ({
      scopeId: scope_id,
      hsmId: hsm_id,
      hsmToken: tokenOf(hsm_token),
      since: created_at,
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
