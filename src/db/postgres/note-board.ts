import { type Kysely, sql } from 'kysely';
import type { NoteBoard, NoteRow } from '../front-notes.ts';
import type { Schema } from '../schema.ts';
import { HELD_SLOTS } from './session-locks.ts';

/** In bytes: of what one front has to tell. */
const MOST_BYTES = 8 * 1_024 * 1_024;

type Found = { readonly owner: string } & {
  readonly [M in Exclude<keyof NoteRow, 'owner'>]: NoteRow[M] | null;
};

/** In a table that is not logged, since what it has is told again: no commit waits for standbys, and a promotion empties it. */
export class PostgresNotes implements NoteBoard {
  readonly owner: string;
  readonly #control: Kysely<Schema>;

  constructor(control: Kysely<Schema>, owner: string) {
    this.#control = control;
    this.owner = owner;
  }

  async put({ owner, number, body, runId, seal }: NoteRow): Promise<void> {
    await this.#control.transaction().execute(async (trx) => {
      await sql`DELETE FROM front_notes WHERE owner NOT IN (SELECT s.owner FROM slots s)`.execute(trx);
      await sql`INSERT INTO front_notes VALUES (${owner}, ${number}, ${body}, ${runId}, ${seal})
        ON CONFLICT (owner) DO UPDATE SET number = excluded.number, body = excluded.body, run_id = excluded.run_id,
          seal = excluded.seal`.execute(trx);
    });
  }

  async others(known: ReadonlyMap<string, number>): ReturnType<NoteBoard['others']> {
    const numbers = JSON.stringify(Object.fromEntries(known));
    const { rows } = await this.#control.transaction().execute((trx) =>
      sql<Found>`SELECT s.owner, n.number, n.body, n.run_id AS "runId", n.seal
        FROM ${HELD_SLOTS} LEFT JOIN front_notes n ON n.owner = s.owner AND octet_length(n.body) <= ${sql.lit(MOST_BYTES)}
          AND n.number IS DISTINCT FROM (${numbers}::jsonb ->> n.owner)::bigint
        WHERE s.owner <> ${this.owner}`.execute(trx),
    );
    return rows.map(({ owner, number, body, runId, seal }) => {
      const isThere = number !== null && body !== null && runId !== null && seal !== null;
      return isThere ? { owner, row: { owner, number, body, runId, seal } } : { owner };
    });
  }
}
