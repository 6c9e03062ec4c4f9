import { sql, type Transaction } from 'kysely';
import type { Actor } from '../domain/access.ts';
import { type ERASURES_OF_ONE, reportSubjectOf } from '../domain/reports/testimony.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import { actOf } from './audited-change.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

/** Who has it erased, and as what it is told. */
export interface ReportErasure {
  readonly type: (typeof ERASURES_OF_ONE)[number];
  readonly actor: Actor;
  readonly at: number;
}

/** Text and contact of what was reported under these numbers; answers of how many they stood there. */
export async function eraseReports(
  trx: Trx,
  numbers: readonly string[],
  erasure: ReportErasure,
): Promise<number> {
  return erase(trx, erasure, (rows) => rows.where('number', 'in', numbers));
}

/** Of what was reported by whoever can be reached there, at most so many at once. */
export async function eraseReportsBy(
  trx: Trx,
  contact: string,
  limit: number,
  erasure: ReportErasure,
): Promise<number> {
  const given = sql<string>`lower(trim(json_extract(suspicion_json, '$.contact')))`;
  const theirs = trx
    .selectFrom('reports')
    .select('number')
    .where(given, '=', contact.trim().toLowerCase())
    .limit(limit);
  return erase(trx, erasure, (rows) => rows.where('number', 'in', theirs));
}

/** Of what was reported about tokens of these digests. */
export async function eraseReportsAbout(
  trx: Trx,
  digests: readonly Uint8Array[],
  erasure: ReportErasure,
): Promise<number> {
  return erase(trx, erasure, (rows) => rows.where('digest', 'in', digests));
}

const updating = (trx: Trx) =>
  trx
    .updateTable('reports')
    .set({ suspicion_json: null, suspicion_salt: null })
    .where('suspicion_json', 'is not', null);

type Updating = ReturnType<typeof updating>;

/** Each with an audit event of its own, so that a case tells who had it erased. */
async function erase(
  trx: Trx,
  { type, actor, at }: ReportErasure,
  which: (rows: Updating) => Updating,
): Promise<number> {
  const erased = await which(updating(trx)).returning('number').execute();
  for (const { number } of erased) {
    await appendAuditEvent(trx, actOf(actor, type, reportSubjectOf(number), { reports: 1 }), at);
  }
  return erased.length;
}
