import type { Selectable } from 'kysely';
import { KeywardError } from '../kernel/errors.ts';
import { type Binding, type KeyState, type KeyTimes, NO_TIMES, type PublicJwk } from '../kernel/key.ts';
import type { KeyLifecycleFields, ReservedKey, StoredKey } from '../kernel/registry.ts';
import type { Schema } from './schema.ts';
import { tokenColumn, tokenOf } from './scope-row.ts';

type Row = Selectable<Schema['signing_keys']>;

const TIME_COLUMNS = {
  activated: 'activated_at',
  deactivated: 'deactivated_at',
  suspended: 'suspended_at',
  resumed: 'resumed_at',
  compromised: 'compromised_at',
  tokenCompromised: 'token_compromised_at',
  privateKeyDestroyed: 'private_half_destroyed_at',
  destroyed: 'destroyed_at',
} as const satisfies Record<keyof KeyTimes, keyof Row>;
const TIME_NAMES = Object.keys(TIME_COLUMNS) as (keyof KeyTimes)[];
/** What the life of a key adds to its row. */
type LifecycleColumn = (typeof TIME_COLUMNS)[keyof KeyTimes] | 'kept_for_forensics';

/** What a row has once its key was made. */
type Made = Exclude<
  keyof Row,
  'hsm_id' | 'hsm_token' | 'scope_id' | 'created_at' | 'sign_from' | 'state' | LifecycleColumn
>;
export type MadeKeyRow = Omit<Row, Made | 'state'> & {
  [column in Made]: NonNullable<Row[column]>;
} & { state: KeyState };

/** All columns; `kid`, scope and HSM id stand once, so a key whose binding says otherwise is refused. */
export function keyToRow(key: StoredKey): MadeKeyRow {
  refuseDisagreement(key);
  const { binding } = key;
  return {
    hsm_id: binding.hsmId,
    hsm_token: tokenColumn(key.hsmToken),
    scope_id: key.scopeId,
    kid: key.kid,
    binding_issuer: binding.issuer,
    binding_audience: binding.audience,
    binding_algorithm: binding.algorithm,
    binding_sign_from: binding.signFrom,
    binding_sign_until: binding.signUntil,
    binding_max_ttl_seconds: binding.maxTtlSeconds,
    binding_record: key.bindingRecord,
    public_jwk_json: JSON.stringify(key.publicJwk),
    published_at: key.publishedAt,
    created_at: key.createdAt,
    ...lifecycleToRow(key),
  };
}

/** The columns that change in the course of a key's life. */
export function lifecycleToRow({
  state,
  signFrom,
  signUntil,
  times,
  keptForForensics,
}: Omit<KeyLifecycleFields, 'kid' | 'scopeId'>) {
  return {
    state,
    sign_from: signFrom,
    sign_until: signUntil,
    ...timesToRow(times),
    kept_for_forensics: keptForForensics ? 1 : null,
  } as const;
}

function timesToRow(times: KeyTimes): Pick<Row, (typeof TIME_COLUMNS)[keyof KeyTimes]> {
  const entries = TIME_NAMES.map((name) => [TIME_COLUMNS[name], times[name]] as const);
  return Object.fromEntries(entries) as Pick<Row, (typeof TIME_COLUMNS)[keyof KeyTimes]>;
}

function timesFromRow(row: MadeKeyRow): KeyTimes {
  const entries = TIME_NAMES.map((name) => [name, row[TIME_COLUMNS[name]]] as const);
  return Object.fromEntries(entries) as Record<keyof KeyTimes, number | null>;
}

/** A row that has nothing but its ids: the key is still to be made. */
export function reservedKeyRow({ scopeId, hsmId, hsmToken }: ReservedKey, createdAt: number): Row {
  return {
    hsm_id: hsmId,
    hsm_token: tokenColumn(hsmToken),
    scope_id: scopeId,
    state: 'reserved',
    kid: null,
    binding_issuer: null,
    binding_audience: null,
    binding_algorithm: null,
    binding_sign_from: null,
    binding_sign_until: null,
    binding_max_ttl_seconds: null,
    binding_record: null,
    public_jwk_json: null,
    published_at: null,
    sign_from: null,
    sign_until: null,
    created_at: createdAt,
    ...timesToRow(NO_TIMES),
    kept_for_forensics: null,
  };
}

export function keyFromRow(row: MadeKeyRow): StoredKey {
  return {
    kid: row.kid,
    scopeId: row.scope_id,
    hsmToken: tokenOf(row.hsm_token),
    state: row.state,
    binding: bindingFromRow(row),
    bindingRecord: row.binding_record,
    publicJwk: JSON.parse(row.public_jwk_json) as PublicJwk,
    publishedAt: row.published_at,
    signFrom: row.sign_from,
    signUntil: row.sign_until,
    createdAt: row.created_at,
    times: timesFromRow(row),
    keptForForensics: row.kept_for_forensics === 1,
  };
}

function bindingFromRow(row: MadeKeyRow): Binding {
  return {
    kid: row.kid,
    scope: row.scope_id,
    issuer: row.binding_issuer,
    audience: row.binding_audience,
    algorithm: row.binding_algorithm,
    hsmId: row.hsm_id,
    signFrom: row.binding_sign_from,
    signUntil: row.binding_sign_until,
    maxTtlSeconds: row.binding_max_ttl_seconds,
  };
}

function refuseDisagreement(key: StoredKey): void {
  if (key.binding.kid === key.kid && key.binding.scope === key.scopeId) return;
  throw new KeywardError('internal', 'A key and its binding disagree.', {
    cause: new Error(
      `key ${key.kid} of ${key.scopeId} is bound as ${key.binding.kid} of ${key.binding.scope}`,
    ),
  });
}
