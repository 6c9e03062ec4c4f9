import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { AUDIT_GENESIS, auditEventHash } from '../../kernel/audit-chain.ts';

/** The columns of `0001`, as they were when this migration was written. */
interface Before {
  audit_events: {
    sequence: number;
    time: number;
    type: string;
    actor: string;
    subject: string;
    request_id: string | null;
    details_json: string;
  };
}

interface After {
  audit_chain: Before['audit_events'] & { hash: Uint8Array };
}

/** Events that were there before are chained in their order: from here on they are as fast as later ones. */
export const auditChain: Migration = {
  async up(db: Kysely<unknown>) {
    await createChain(db);
    await chainExisting(db as Kysely<Before & After>);
    await db.schema.dropTable('audit_events').execute();
    await db.schema.alterTable('audit_chain').renameTo('audit_events').execute();
    await createCheckpoints(db);
    await createDeliveries(db);
  },
};

async function createChain(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_chain')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('time', 'integer', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text')
    .addColumn('details_json', 'text', (column) => column.notNull())
    .addColumn('hash', 'blob', (column) => column.notNull().unique().check(sql`length(hash) = 32`))
    .modifyEnd(sql`strict`)
    .execute();
}

async function chainExisting(db: Kysely<Before & After>): Promise<void> {
  const rows = await db.selectFrom('audit_events').selectAll().orderBy('sequence').execute();
  let { sequence, hash } = AUDIT_GENESIS;
  for (const row of rows) {
    sequence += 1;
    const { request_id: requestId, details_json: detailsJson } = row;
    hash = auditEventHash(hash, { ...row, sequence, requestId, detailsJson });
    await db
      .insertInto('audit_chain')
      .values({ ...row, sequence, hash })
      .execute();
  }
}

async function createCheckpoints(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('checkpoints')
    .addColumn('number', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('audit_sequence', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('jws', 'text', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}

/** How far each sink got: it neither decides nor testifies, since a sink takes what it has twice. */
async function createDeliveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_deliveries')
    .addColumn('sink', 'text', (column) => column.primaryKey().notNull())
    .addColumn('audit_sequence', 'integer', (column) => column.notNull())
    .addColumn('checkpoint_number', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}
