import { mayGoUnsigned } from '../../kernel/key-transitions.ts';
import { validatePolicy } from '../../kernel/policy.ts';
import { widenedMembers } from '../../kernel/scope-change.ts';
import { policyFromJson } from '../scope-row.ts';
import type { Columns, RegistryTable } from './tables.ts';

/** Whether a column may become this without the HSM; `before` and `after` as `contentOf` writes them. */
type Restricts = (before: unknown, after: unknown) => boolean;

interface Restrictions {
  /** The columns that may change, each in one direction. */
  readonly columns: Readonly<Record<string, Restricts>>;
  /** Whether the row may go. */
  readonly removable: (before: Columns) => boolean;
}

/**
 * What a row may become before the registry key has signed it, since the HSM may be away when something has to
 * be switched off. All of it makes the service accept less; the promotion of a standby, which was published
 * and proven long before, goes with the suspension of the key in front of it.
 */
const RESTRICTIONS: Record<RegistryTable, Restrictions> = {
  scopes: {
    columns: {
      key_set_version: grows,
      policy_json: policyNarrows,
      former_caches_seconds: grows,
      former_caches_until: grows,
      rotation_paused_until: goes,
      rotation_pause_reason: goes,
    },
    removable: isReserved,
  },
  signing_keys: {
    columns: {
      state: worsens,
      sign_from: appears,
      sign_until: shrinks,
      activated_at: grows,
      deactivated_at: grows,
      suspended_at: grows,
      compromised_at: grows,
      token_compromised_at: grows,
      kept_for_forensics: appears,
    },
    removable: isReserved,
  },
  service_keys: { columns: {}, removable: never },
  clients: { columns: { revoked_at: appears }, removable: never },
  operators: { columns: { revoked_at: appears, roles_json: rolesNarrow }, removable: never },
  grants: { columns: {}, removable: always },
  credentials: { columns: { revoked_at: appears }, removable: never },
  proposals: {
    columns: {
      state: closes,
      decided_by: isNamed,
      decided_at: appears,
      failure_code: isNamed,
      failure_detail: isNamed,
    },
    removable: never,
  },
  record_gaps: { columns: {}, removable: never },
  // Whatever changes one silences an alarm or makes a false one.
  canaries: { columns: {}, removable: never },
  // A verifier that is left alone is no restriction.
  verifier_probes: { columns: {}, removable: never },
};

/** What is closed is never executed: neither an open one, nor one that is being executed a second time. */
const CLOSINGS = new Map<unknown, readonly unknown[]>([
  ['open', ['refused', 'withdrawn', 'expired', 'failed']],
  ['executing', ['executed', 'failed']],
]);

/** Contents as text; null for a row that is gone. */
export function onlyRestricts(table: RegistryTable, before: string, after: string | null): boolean {
  const { columns, removable } = RESTRICTIONS[table];
  const was = JSON.parse(before) as Columns;
  if (after === null) return removable(was);
  const is = JSON.parse(after) as Columns;
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((name) => was[name] !== is[name])
    .every((name) => Object.hasOwn(columns, name) && columns[name]?.(was[name], is[name]) === true);
}

function appears(before: unknown, after: unknown): boolean {
  return before === undefined && typeof after === 'number';
}

function goes(before: unknown, after: unknown): boolean {
  return before !== undefined && after === undefined;
}

/** Also from nothing. */
function grows(before: unknown, after: unknown): boolean {
  return typeof after === 'number' && after > Number(before ?? 0);
}

function shrinks(before: unknown, after: unknown): boolean {
  return Number(after) < Number(before);
}

function worsens(before: unknown, after: unknown): boolean {
  return mayGoUnsigned(before, after);
}

/** A sound policy, written as it is signed, whose every difference makes the service accept less. */
function policyNarrows(before: unknown, after: unknown): boolean {
  try {
    const [was, is] = [policyFromJson(String(before)), policyFromJson(String(after))];
    validatePolicy(is);
    return JSON.stringify(is) === after && widenedMembers(was, is).length === 0;
  } catch {
    // No policy at all: whoever wrote it wrote into the database.
    return false;
  }
}

function closes(before: unknown, after: unknown): boolean {
  return CLOSINGS.get(before)?.includes(after) ?? false;
}

function isNamed(before: unknown, after: unknown): boolean {
  return before === undefined && typeof after === 'string';
}

/** Of an operator's roles, some are left. */
function rolesNarrow(before: unknown, after: unknown): boolean {
  const [had, has] = [rolesIn(before), rolesIn(after)];
  return has?.every((role) => had?.includes(role)) ?? false;
}

/** Undefined where somebody made of it what is no list: what is judged here may come from anyone. */
function rolesIn(text: unknown): readonly unknown[] | undefined {
  try {
    const roles: unknown = JSON.parse(String(text));
    return Array.isArray(roles) ? roles : undefined;
  } catch {
    return undefined;
  }
}

function isReserved({ state }: Columns): boolean {
  return state === 'reserved';
}

function always(): boolean {
  return true;
}

function never(): boolean {
  return false;
}
