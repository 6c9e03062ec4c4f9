import type { Selectable } from 'kysely';
import { DEFAULT_POLICY, type ScopePolicy } from '../domain/policy.ts';
import type { Scope } from '../domain/scope.ts';
import type { Schema } from './schema.ts';

export type ScopeRow = Selectable<Schema['scopes']>;

export function scopeToRow(scope: Scope, state: ScopeRow['state']): ScopeRow {
  return {
    id: scope.id,
    state,
    issuer: scope.issuer,
    audience: scope.audience,
    algorithm: scope.algorithm,
    modulus_bits: scope.modulusBits,
    policy_json: JSON.stringify(scope.policy),
    key_set_version: scope.keySetVersion,
    created_at: scope.createdAt,
  };
}

export function scopeFromRow(row: ScopeRow): Scope {
  return {
    id: row.id,
    issuer: row.issuer,
    audience: row.audience,
    algorithm: row.algorithm,
    modulusBits: row.modulus_bits,
    // A policy written before a member existed goes by that member's default.
    policy: { ...DEFAULT_POLICY, ...(JSON.parse(row.policy_json) as ScopePolicy) },
    createdAt: row.created_at,
    keySetVersion: row.key_set_version,
  };
}
