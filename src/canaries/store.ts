import { credentialTaken, isDecoy } from '../access/index.ts';
import { camelCased } from '../db/camel-case.ts';
import { tokenColumn, tokenOf } from '../db/scope-row.ts';
import { follow } from '../db/signed/follow.ts';
import { type Plan, type RegistryChanges, settling } from '../db/signed/registry-changes.ts';
import { inconsistent, put, type RowOf } from '../db/signed/tables.ts';
import type { RegistryView } from '../db/signed/trusted-registry.ts';
import type { Actor } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { Canary, CanaryStore } from './canary.ts';

/** The audit trail tells that there is a decoy, and of which kind; neither what it is nor where it was planted. */
export function createCanaryStore(changes: RegistryChanges): CanaryStore {
  return {
    follow: follow(changes, ['canaries'], (rows) => rows.map(({ row }) => fromRow(row)).sort(byAge)),
    add: (canary, actor) =>
      act(actor, 'canary.created', canary.id, { kind: canary.kind }, (registry) => {
        if (canary.digest && isKnown(registry, canary.digest)) throw credentialTaken();
        return [put('canaries', toRow(canary))];
      }),
    keyMade: (id, made, actor) =>
      act(actor, 'canary.made', id, {}, (registry) => {
        const canary = fromRow(known(registry, id));
        return [put('canaries', toRow({ ...canary, key: canary.key && { ...canary.key, made } }))];
      }),
    retire: (id, retiredAt, actor) =>
      act(actor, 'canary.retired', id, {}, (registry) => [
        put('canaries', { ...known(registry, id), retired_at: retiredAt }),
      ]),
  };

  function act(actor: Actor, type: string, id: string, details: Record<string, unknown>, plan: Plan) {
    return changes.change(actOf(actor, type, `canary:${id}`, details), settling(actor, plan));
  }
}

/** A digest that is known already: a decoy must be nobody's credential, and nobody's credential a decoy. */
function isKnown(registry: RegistryView, digest: Uint8Array): boolean {
  const name = Buffer.from(digest).toString('hex');
  return registry.row('credentials', name) !== undefined || isDecoy(registry, digest);
}

function known(registry: RegistryView, id: string): RowOf<'canaries'> {
  const row = registry.row('canaries', id);
  if (row) return row;
  throw inconsistent(`there is no canary ${id}`);
}

function toRow({ id, kind, planted, digest, scopeId, key, ...canary }: Canary): RowOf<'canaries'> {
  return {
    id,
    kind,
    planted,
    digest,
    scope_id: scopeId,
    hsm_token: key && tokenColumn(key.hsmToken),
    hsm_id: key?.hsmId ?? null,
    kid: key?.made?.kid ?? null,
    public_jwk_json: key?.made ? JSON.stringify(key.made.publicJwk) : null,
    created_by: canary.createdBy,
    created_at: canary.createdAt,
    retired_at: canary.retiredAt,
  };
}

function fromRow(row: RowOf<'canaries'>): Canary {
  const { digest, hsmToken, hsmId, kid, publicJwkJson: jwk, ...same } = camelCased(row);
  const made = kid === null || jwk === null ? null : { kid, publicJwk: JSON.parse(jwk) as PublicJwk };
  const key = hsmId === null ? null : { hsmToken: tokenOf(hsmToken), hsmId, made };
  return { ...same, digest: digest && Buffer.from(digest), key };
}

function byAge(a: Canary, b: Canary): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
