import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { CHAIN_START, groupHash, type LedgerRow, rowHashes, SALT_BYTES } from '../../kernel/ledger-chain.ts';

const ROWS_A_GROUP = 1_024;

/** Chains the ledger. Rows of before become groups of their own, so that nothing stands outside the chain. */
export const ledgerChain: Migration = {
  async up(db) {
    await sql`ALTER TABLE issuance_records RENAME TO issuance_records_0001`.execute(db);
    await createIssuanceRecords(db);
    await createLedgerGroups(db);
    await createLedgerRowHashes(db);
    await createLedgerArchives(db);
    await chainRowsOfBefore(db as Kysely<Tables>);
    await sql`DROP TABLE issuance_records_0001`.execute(db);
  },
};

/** `sequence` is given by the writer and never again, also when older rows are gone to an archive. */
async function createIssuanceRecords(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('issuance_records')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('digest', 'blob', (column) => column.notNull().unique().check(sql`length(digest) = 32`))
    .addColumn('scope_id', 'text', (column) => column.notNull())
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('subject', 'text')
    .addColumn('root', 'text')
    .addColumn('iat', 'integer', (column) => column.notNull())
    .addColumn('exp', 'integer', (column) => column.notNull())
    .addColumn('salt', 'blob')
    .addColumn('subject_commitment', 'blob')
    .addColumn('root_commitment', 'blob')
    .addColumn('group_sequence', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}

async function createLedgerGroups(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_groups')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('first_record', 'integer', (column) => column.notNull())
    .addColumn('row_count', 'integer', (column) => column.notNull())
    .addColumn('committed_at', 'integer', (column) => column.notNull())
    .addColumn('previous_hash', 'blob', (column) => column.notNull())
    .addColumn('group_hash', 'blob', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}

/** What a group's hash is made of, so that one row is checked without reading its neighbours. */
async function createLedgerRowHashes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_row_hashes')
    .addColumn('group_sequence', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('hashes', 'blob', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}

async function createLedgerArchives(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ledger_archives')
    .addColumn('number', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('file', 'text', (column) => column.notNull())
    .addColumn('file_digest', 'blob', (column) => column.notNull().check(sql`length(file_digest) = 32`))
    .addColumn('first_group', 'integer', (column) => column.notNull())
    .addColumn('last_group', 'integer', (column) => column.notNull())
    .addColumn('first_record', 'integer', (column) => column.notNull())
    .addColumn('last_record', 'integer', (column) => column.notNull())
    .addColumn('last_exp', 'integer', (column) => column.notNull())
    .addColumn('kids_json', 'text', (column) => column.notNull())
    .addColumn('sealed_at', 'integer', (column) => column.notNull())
    .addColumn('removed_at', 'integer')
    .modifyEnd(sql`strict`)
    .execute();
}

interface RowOfBefore {
  sequence: number;
  digest: Uint8Array;
  scope_id: string;
  kid: string;
  jti: string;
  client_id: string;
  subject: string | null;
  iat: number;
  exp: number;
}

interface Tables {
  issuance_records_0001: RowOfBefore;
  issuance_records: RowOfBefore & { salt: Uint8Array; group_sequence: number };
  ledger_groups: {
    sequence: number;
    first_record: number;
    row_count: number;
    committed_at: number;
    previous_hash: Uint8Array;
    group_hash: Uint8Array;
  };
}

async function chainRowsOfBefore(db: Kysely<Tables>): Promise<void> {
  let previousHash = CHAIN_START;
  let firstRecord = 1;
  for (let group = 1, last = 0; ; group++) {
    const found = await db
      .selectFrom('issuance_records_0001')
      .selectAll()
      .where('sequence', '>', last)
      .orderBy('sequence')
      .limit(ROWS_A_GROUP)
      .execute();
    const newest = found.at(-1);
    if (!newest) return;
    previousHash = await chainGroup(db, group, firstRecord, previousHash, found);
    firstRecord += found.length;
    last = newest.sequence;
  }
}

async function chainGroup(
  db: Kysely<Tables>,
  sequence: number,
  firstRecord: number,
  previousHash: Uint8Array,
  found: readonly RowOfBefore[],
): Promise<Uint8Array> {
  const rows = found.map((row) => ({ ...row, salt: randomBytes(SALT_BYTES) }));
  for (const [index, row] of rows.entries()) {
    await db
      .insertInto('issuance_records')
      .values({ ...row, sequence: firstRecord + index, group_sequence: sequence })
      .execute();
  }
  const committedAt = Math.max(...rows.map(({ iat }) => iat));
  const hash = groupHash({ previousHash, sequence, committedAt }, rowHashes(rows.map(asLedgerRow)));
  await db
    .insertInto('ledger_groups')
    .values({
      sequence,
      first_record: firstRecord,
      row_count: rows.length,
      committed_at: committedAt,
      previous_hash: previousHash,
      group_hash: hash,
    })
    .execute();
  return hash;
}

function asLedgerRow(row: RowOfBefore & { salt: Uint8Array }): LedgerRow {
  return {
    digest: row.digest,
    scopeId: row.scope_id,
    kid: row.kid,
    jti: row.jti,
    clientId: row.client_id,
    subject: row.subject,
    root: null,
    iat: row.iat,
    exp: row.exp,
    salt: row.salt,
    subjectCommitment: null,
    rootCommitment: null,
  };
}
