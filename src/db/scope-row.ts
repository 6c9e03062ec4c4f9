import type { Selectable } from 'kysely';
import { FIRST_TOKEN } from '../kernel/key.ts';
import { DEFAULT_POLICY, type ScopePolicy } from '../kernel/policy.ts';
import type { Scope } from '../kernel/scope.ts';
import type { Schema } from './schema.ts';

/** The first token is written as null. */
export function tokenColumn(hsmToken: string): string | null {
  return hsmToken === FIRST_TOKEN ? null : hsmToken;
}

export function tokenOf(column: string | null): string {
  return column ?? FIRST_TOKEN;
}

type ScopeRow = Selectable<Schema['scopes']>;

export function scopeToRow(scope: Scope, state: ScopeRow['state']): ScopeRow {
  return {
    id: scope.id,
    state,
    issuer: scope.issuer,
    audience: scope.audience,
    algorithm: scope.algorithm,
    modulus_bits: scope.modulusBits,
    policy_json: JSON.stringify(scope.policy),
    contacts_json: scope.contacts.length > 0 ? JSON.stringify(scope.contacts) : null,
    rotation_paused_until: scope.rotationPause?.until ?? null,
    rotation_pause_reason: scope.rotationPause?.reason ?? null,
    former_caches_seconds: scope.staleCacheHorizon?.seconds ?? null,
    former_caches_until: scope.staleCacheHorizon?.until ?? null,
    hsm_token: tokenColumn(scope.hsmToken),
    standby_token: scope.standbyToken,
    key_set_version: scope.keySetVersion,
    created_at: scope.createdAt,
  };
}

/** A policy written before a member existed goes by that member's default. */
export function policyFromJson(json: string): ScopePolicy {
  return { ...DEFAULT_POLICY, ...(JSON.parse(json) as ScopePolicy) };
}

export function scopeFromRow(row: ScopeRow): Scope {
  return {
    id: row.id,
    issuer: row.issuer,
    audience: row.audience,
    algorithm: row.algorithm,
    modulusBits: row.modulus_bits,
    policy: policyFromJson(row.policy_json),
    contacts: JSON.parse(row.contacts_json ?? '[]') as string[],
    hsmToken: tokenOf(row.hsm_token),
    standbyToken: row.standby_token,
    createdAt: row.created_at,
    rotationPause: pauseFromRow(row),
    staleCacheHorizon: staleCacheHorizonFromRow(row),
    keySetVersion: row.key_set_version,
  };
}

function pauseFromRow({ rotation_paused_until: until, rotation_pause_reason: reason }: ScopeRow) {
  return until === null ? null : { until, reason: reason ?? '' };
}

function staleCacheHorizonFromRow({ former_caches_seconds: seconds, former_caches_until: until }: ScopeRow) {
  return seconds === null || until === null ? null : { seconds, until };
}
