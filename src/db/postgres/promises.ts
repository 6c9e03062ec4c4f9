import { KeywardError } from '../../kernel/errors.ts';
import type { PostgresSettings } from '../database-settings.ts';
import type { Standing } from './position.ts';

const OLDEST = 150_000;

/** Refuses a server that cannot keep what the settings promise: `invalid_config`, with what to do. */
export function requirePromises(standing: Standing, settings: PostgresSettings): void {
  const flaw = flawOf(standing, settings);
  if (flaw !== undefined) throw new KeywardError('invalid_config', `database: ${flaw}`);
}

/** Undefined where the server is fit. */
export function flawOf(
  { product, serverVersion, synchronousStandbys, inSync, seesReplication }: Standing,
  { durability, copies }: PostgresSettings,
): string | undefined {
  const other = /CockroachDB|YugabyteDB|-YB-/i.exec(product);
  if (other) return `${other[0]} is not PostgreSQL: its advisory locks exclude nobody`;
  if (serverVersion < OLDEST) return 'the server is older than PostgreSQL 15; use a newer one';
  if (durability === 'single') return undefined;
  if (!seesReplication) return 'the role sees nothing of replication; GRANT pg_monitor to it';
  if (synchronousStandbys === '')
    return 'synchronous_standby_names is empty; name the standbys, or set durability: single';
  if (inSync < copies)
    return `${inSync} of ${copies} synchronous standbys are in sync; bring them back, or ask for fewer copies`;
  return undefined;
}
