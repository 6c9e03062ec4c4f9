import type { Actor } from '../kernel/actor.ts';
import { type AuditEvent, actOf } from '../kernel/audit.ts';
import {
  type RegistrySeal,
  SERVICE_KEYS_ENROLLED,
  type ServiceKey,
  type StoredKey,
} from '../kernel/registry.ts';
import type { Scope } from '../kernel/scope.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import { keyFromRow, keyToRow, type MadeKeyRow } from './key-row.ts';
import type { Schema } from './schema.ts';
import { scopeFromRow } from './scope-row.ts';
import type { RegistryChanges } from './signed/registry-changes.ts';
import { inconsistent, put, type RowChange, type RowOf } from './signed/tables.ts';
import type { RegistryView } from './signed/trusted-registry.ts';

/** All that commits when two persons enrol the successors of service keys that were lost with the first HSM token. */
export interface ServiceKeyEnrolment {
  /** By the new registry key. */
  readonly seal: RegistrySeal;
  readonly formerRegistryKid: string;
  readonly successors: readonly ServiceKey[];
  /** The name that the lost token has from now on. */
  readonly formerToken: string;
  /** What becomes of a key that was on it. */
  readonly keyLost: (key: StoredKey, scope: Scope) => StoredKey;
  readonly actor: Actor;
  readonly details: Readonly<Record<string, unknown>>;
  /** Recorded while the database could not be written. */
  readonly told: readonly { readonly event: AuditEvent; readonly time: number }[];
}

/**
 * Every row of the registry that was verified is signed by the new registry key, with the keys of the lost token out
 * of use. Fails as `Signer.sign`.
 */
export async function enrolServiceKeys(
  changes: RegistryChanges,
  { seal, formerRegistryKid, successors, formerToken, keyLost, actor, details, told }: ServiceKeyEnrolment,
): Promise<void> {
  await changes.reseal(
    seal,
    actOf(actor, SERVICE_KEYS_ENROLLED, 'registry', details),
    (registry) => {
      if (registry.row('service_keys', 'registry')?.kid !== formerRegistryKid) {
        throw inconsistent('the service keys were enrolled meanwhile');
      }
      return [
        ...successors.map((key) => put('service_keys', serviceKeyRow(key))),
        ...lostKeys(registry, formerToken, keyLost),
        ...lostDecoys(registry, formerToken),
      ];
    },
    async (trx) => {
      for (const { event, time } of told) await appendAuditEvent(trx, event, time);
    },
  );
}

export function serviceKeyRow({
  role,
  kid,
  hsmId,
  publicJwk,
  createdAt,
}: ServiceKey): Schema['service_keys'] {
  return { role, kid, hsm_id: hsmId, public_jwk_json: JSON.stringify(publicJwk), created_at: createdAt };
}

function lostKeys(
  registry: RegistryView,
  hsmToken: string,
  keyLost: ServiceKeyEnrolment['keyLost'],
): readonly RowChange[] {
  const rows = registry
    .rows('signing_keys')
    .filter((row): row is MadeKeyRow => row.hsm_token === null && row.state !== 'reserved');
  const scopes = new Map(registry.rows('scopes').map((row) => [row.id, row]));
  const keys = rows.map((row) => {
    const scope = scopes.get(row.scope_id);
    if (!scope) throw inconsistent(`there is no scope ${row.scope_id}`);
    return keyToRow({ ...keyLost(keyFromRow(row), scopeFromRow(scope)), hsmToken });
  });
  const changed = new Set(rows.map(({ scope_id }) => scope_id));
  return [
    ...keys.map((key) => put('signing_keys', key)),
    ...[...scopes.values()].filter(({ id }) => changed.has(id)).map(withNextKeySet),
  ];
}

function withNextKeySet(scope: RowOf<'scopes'>): RowChange {
  return put('scopes', { ...scope, key_set_version: scope.key_set_version + 1 });
}

function lostDecoys(registry: RegistryView, hsmToken: string): readonly RowChange[] {
  return registry
    .rows('canaries')
    .filter(({ hsm_id, hsm_token }) => hsm_id !== null && hsm_token === null)
    .map((row) => put('canaries', { ...row, hsm_token: hsmToken }));
}
