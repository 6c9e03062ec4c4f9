import { type Kysely, sql } from 'kysely';
import { POSTGRES_TYPES } from '../migrations/column-types.ts';
import { type Migrations, migrationsOf } from '../migrations/index.ts';

/** Fronts that one database can have. */
export const MOST_FRONTS = 63;
/** Its owner is the front that leads. */
export const LEADER_SLOT = 0;

/** What a migration does on PostgreSQL beside what it does on both. A function that fronts call is never changed. */
const FURTHER: Readonly<Record<string, (db: Kysely<never>) => Promise<void>>> = {
  '0001-baseline': createOwnObjects,
};

/** With the names of those of SQLite: a copy from one engine to the other holds them against each other. */
export const POSTGRES_MIGRATIONS: Migrations = Object.fromEntries(
  Object.entries(migrationsOf(POSTGRES_TYPES)).map(([name, { up }]) => [
    name,
    {
      async up(db: Kysely<never>) {
        await up(db);
        await FURTHER[name]?.(db);
      },
    },
  ]),
);

/**
 * What PostgreSQL has beside the tables of both engines. `slots` says who writes, by a random id each: a number that grows
 * would be given twice where a promoted copy lacks the last owner. `code` is the number of the newest migration that it
 * knows. `fence` has one row, whose number every change replaces that fronts have to know of before they record anything
 * more. `front_notes`: what fronts tell each other. `pin_permits` says of each HSM token what its PIN attempts came to, on
 * whichever host (decision 147). Names without a schema are those of the search path at creation: each function is bound
 * to it, whoever calls.
 */
async function createOwnObjects(db: Kysely<never>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`SELECT current_schema() AS schema`.execute(db);
  for (const statement of statementsFor(rows[0]?.schema ?? '')) await sql.raw(statement).execute(db);
}

/** Whether that front still has a slot; the lock gives audited changes their turns and ends with the transaction. */
const BEGIN = `
BEGIN
  PERFORM pg_advisory_xact_lock(4711, 0);
  RETURN EXISTS (SELECT FROM slots s WHERE s.slot > ${LEADER_SLOT} AND s.owner = _owner);
END`;

/**
 * Behind each group that was being appended, and before any that comes: it is to be the last before the commit. Answers
 * the number before and the new one, which is random: one that grows would come again where a promoted copy lacks the last.
 */
const RAISE = `
DECLARE
  former bigint;
  raised bigint := floor(random() * ${Number.MAX_SAFE_INTEGER});
BEGIN
  PERFORM pg_advisory_xact_lock(4711, 1);
  SELECT f.number INTO STRICT former FROM fence f WHERE f.id = 1;
  UPDATE fence SET number = raised WHERE id = 1;
  RETURN ARRAY[former, raised];
END`;

/**
 * One group of records, whole or not at all, in turn with those of other fronts. Codes: 0 appended; 1 the front has no slot
 * any more; 2 the ledger has another end; 3 the front has not followed up to the fence. The statements see what was committed before the function was called: it is volatile.
 */
const APPEND = `
DECLARE
  n int := cardinality(_jtis);
  last_group bigint;
  last_hash bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(4711, 1);
  IF NOT EXISTS (SELECT FROM slots s WHERE s.slot > ${LEADER_SLOT} AND s.owner = _owner) THEN RETURN 1; END IF;
  IF NOT EXISTS (SELECT FROM fence f WHERE f.number = _fence) THEN RETURN 3; END IF;
  SELECT g.sequence, g.group_hash INTO last_group, last_hash FROM ledger_groups g ORDER BY g.sequence DESC LIMIT 1;
  IF coalesce(last_group, 0) <> _group - 1 OR (last_group IS NOT NULL AND last_hash <> _previous) THEN RETURN 2; END IF;
  INSERT INTO ledger_groups (sequence, first_record, row_count, committed_at, previous_hash, group_hash, run_id, seal)
    VALUES (_group, _first, n, _at, _previous, _hash, _run, _seal);
  INSERT INTO ledger_row_hashes (group_sequence, hashes) VALUES (_group, _hashes);
  INSERT INTO issuance_records
      (sequence, group_sequence, digest, salt, scope_id, kid, jti, client_id, subject, root, trace_id, iat, exp)
    SELECT _first + o - 1, _group, substring(_digests FROM (32 * o - 31)::int FOR 32),
      substring(_salts FROM (16 * o - 15)::int FOR 16), u.scope, u.kid, u.jti, u.client, u.subject, u.root, u.trace,
      u.iat, u.exp
    FROM unnest(_scopes, _kids, _jtis, _clients, _subjects, _roots, _traces, _iats, _exps)
      WITH ORDINALITY AS u(scope, kid, jti, client, subject, root, trace, iat, exp, o);
  RETURN 0;
END`;

const APPEND_PARAMETERS = [
  '_owner text, _fence bigint, _group bigint, _first bigint, _previous bytea, _hash bytea, _at bigint, _run text, _seal bytea',
  '_digests bytea, _salts bytea, _hashes bytea, _scopes text[], _kids text[], _jtis text[], _clients text[]',
  '_subjects text[], _roots text[], _traces bytea[], _iats bigint[], _exps bigint[]',
].join(', ');

const NOTES = `CREATE UNLOGGED TABLE front_notes (owner text COLLATE "C" PRIMARY KEY, number bigint NOT NULL,
  body text NOT NULL, run_id text COLLATE "C" NOT NULL, seal bytea NOT NULL)`;
const PERMIT_COLUMNS = [
  'token_label text COLLATE "C" NOT NULL, token_serial text COLLATE "C" NOT NULL',
  'attempts bigint NOT NULL, front text COLLATE "C" NOT NULL, attempt text COLLATE "C" NOT NULL',
  'host text COLLATE "C" NOT NULL, since bigint NOT NULL',
  'rejected_host text COLLATE "C", rejected_at bigint, was_accepted smallint',
].join(', ');

function statementsFor(schema: string): readonly string[] {
  const options = `LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, ${quoted(schema)}, pg_temp`;
  return [
    `CREATE TABLE slots (slot bigint PRIMARY KEY, owner text COLLATE "C" NOT NULL, holder text COLLATE "C" NOT NULL,
      code bigint NOT NULL)`,
    `INSERT INTO slots SELECT n, '', '', 0 FROM generate_series(${LEADER_SLOT}, ${MOST_FRONTS}) n`,
    'CREATE TABLE fence (id bigint PRIMARY KEY CHECK (id = 1), number bigint NOT NULL)',
    'INSERT INTO fence VALUES (1, 0)',
    NOTES,
    `CREATE TABLE pin_permits (${PERMIT_COLUMNS}, PRIMARY KEY (token_label, token_serial))`,
    `CREATE FUNCTION kw_raise_fence() RETURNS bigint[] ${options} AS $body$${RAISE}$body$`,
    `CREATE FUNCTION kw_begin(_owner text) RETURNS boolean ${options} AS $body$${BEGIN}$body$`,
    `CREATE FUNCTION kw_append(${APPEND_PARAMETERS}) RETURNS int ${options} AS $body$${APPEND}$body$`,
  ];
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
