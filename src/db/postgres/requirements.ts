import type { PostgresSettings } from '../database-settings.ts';
import type { PostgresSession } from './session.ts';

/** What a commit is to mean. */
export type Durability =
  /** It is on the disk of one server. */
  | { readonly mode: 'single' }
  /** It is also on the disk of so many of its standbys. */
  | { readonly mode: 'replicated'; readonly copies: number };

export function durabilityOf({ durability, copies }: PostgresSettings): Durability {
  return durability === 'single' ? { mode: 'single' } : { mode: 'replicated', copies };
}

/** What a server says of itself and of this role. */
export interface ServerFacts {
  readonly product: string;
  /** As 150018. */
  readonly version: number;
  /** Whether an advisory lock that was taken is held. */
  readonly holdsLocks: boolean;
  /** Whether a pooler lends the session by the transaction: a lock of the session would be another's. */
  readonly isPooled: boolean;
  /** Whether the role may read how far standbys are. */
  readonly seesStandbys: boolean;
  /** `synchronous_standby_names`. */
  readonly standbyNames: string;
  /** Standbys that commits wait for, or may wait for. */
  readonly inSync: number;
}

const PRODUCT = `select version() as product, current_setting('server_version_num')::int as version`;

const FACTS = `select
  pg_has_role('pg_read_all_stats', 'usage') as sees,
  current_setting('synchronous_standby_names') as names,
  (select count(*) from pg_catalog.pg_stat_replication where state = 'streaming' and sync_state in ('sync', 'quorum')) as standbys,
  (select count(*) from pg_catalog.pg_locks
    where locktype = 'advisory' and pid = pg_backend_pid() and classid = 4711 and objid = 0) as locks`;

/** Of a product that is not PostgreSQL, no more than its name is asked for. */
export async function readFacts(session: PostgresSession): Promise<ServerFacts> {
  const { rows: own } = await session.query(PRODUCT);
  const { product, version } = own[0] ?? {};
  const named = { product: String(product), version: Number(version), isPooled: session.isPooled };
  if (!isPostgres(named))
    return { ...named, holdsLocks: false, seesStandbys: false, standbyNames: '', inSync: 0 };
  await session.begin();
  try {
    await session.query('select pg_advisory_xact_lock(4711, 0)');
    const { sees, names, standbys, locks } = (await session.query(FACTS)).rows[0] ?? {};
    const standing = { standbyNames: String(names), inSync: Number(standbys) };
    return { ...named, ...standing, holdsLocks: locks === 1, seesStandbys: sees === 1 };
  } finally {
    await session.rollback();
  }
}

/** Why the server is not fit for that; empty where it is. */
export function unmetRequirements(facts: ServerFacts, durability: Durability): string[] {
  if (!isPostgres(facts)) return [`${facts.product} is not PostgreSQL`];
  const unmet: string[] = [];
  if (facts.version < 150_000) unmet.push('PostgreSQL 15 or newer is needed');
  if (!facts.holdsLocks) unmet.push('its advisory locks hold nothing');
  if (facts.isPooled) unmet.push('a pooler lends the session: name the server itself in control_url_file');
  if (durability.mode === 'single') return unmet;
  if (!facts.seesStandbys) unmet.push('the role cannot see how far standbys are: grant pg_monitor to it');
  if (facts.standbyNames === '')
    unmet.push('synchronous_standby_names is empty: no commit waits for a standby');
  else if (facts.inSync < durability.copies)
    unmet.push(`standbys in sync: ${facts.inSync}; database.copies: ${durability.copies}`);
  return unmet;
}

/** CockroachDB and others speak its protocol, and not all of what is relied on. */
function isPostgres({ product }: Pick<ServerFacts, 'product'>): boolean {
  return /^PostgreSQL \d/.test(product);
}
