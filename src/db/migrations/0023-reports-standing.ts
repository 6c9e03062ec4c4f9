import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * How a case stands, beside the steps that say so: what waits for somebody is found by an index, however much was
 * reported before.
 */
export const reportsStanding: Migration = {
  async up(db: Kysely<unknown>) {
    const alter = () => db.schema.alterTable('reports');
    await alter()
      .addColumn('state', 'text', (column) =>
        column.notNull().defaultTo('open').check(sql`state in ('open', 'investigating', 'closed')`),
      )
      .execute();
    await alter()
      .addColumn('examined', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await alter().addColumn('closed_at', 'integer').execute();
    const step = (kind: string) =>
      sql`SELECT taken_at FROM report_steps WHERE report_number = number AND kind = ${sql.lit(kind)}`;
    await sql`UPDATE reports SET
      examined = EXISTS (${step('examined')}),
      closed_at = (${step('closed')}),
      state = CASE WHEN EXISTS (${step('closed')}) THEN 'closed'
        WHEN EXISTS (${step('taken')}) THEN 'investigating' ELSE 'open' END`.execute(db);
    for (const column of ['state', 'examined', 'scope_id']) {
      await db.schema
        .createIndex(`reports_by_${column}`)
        .on('reports')
        .columns([column, 'sequence'])
        .execute();
    }
    await sql`CREATE INDEX reports_erasable ON reports (closed_at) WHERE suspicion_json IS NOT NULL`.execute(
      db,
    );
  },
};
