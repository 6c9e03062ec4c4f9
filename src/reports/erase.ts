import { sql, type Transaction } from 'kysely';
import type { Actor } from '../domain/access.ts';
import { type ERASURES_OF_ONE, reportSubjectOf } from './audited.ts';
import { appendAuditEvent } from '../db/append-audit-event.ts';
import { actOf } from '../db/audited-change.ts';
import type { Schema } from '../db/schema.ts';
import { isInState } from '../db/testified-steps.ts';

type Trx = Transaction<Schema>;

const CONTACT = sql<
  string | null
>`CASE WHEN json_valid(suspicion_json) THEN lower(trim(json_extract(suspicion_json, '$.contact'))) END`;

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
  const theirs = trx
    .selectFrom('reports')
    .select('number')
    .where(CONTACT, '=', contact.trim().toLowerCase())
    .limit(limit);
  return erase(trx, erasure, (rows) => rows.where('number', 'in', theirs));
}

/** Numbers of cases that are not closed, reported by whoever can be reached there. */
export async function unclosedBy(trx: Trx, contact: string): Promise<readonly string[]> {
  const rows = await trx
    .selectFrom('reports')
    .select('number')
    .where(({ not }) => not(isInState(trx, 'closed')))
    .where(CONTACT, '=', contact.trim().toLowerCase())
    .execute();
  return rows.map(({ number }) => number);
}

/** Digests of the tokens that unclosed cases are about, base64url, with the case. */
export async function unclosedDigests(trx: Trx): Promise<ReadonlyMap<string, string>> {
  const query = trx
    .selectFrom('reports')
    .select(['number', 'digest'])
    .where(({ not }) => not(isInState(trx, 'closed')));
  const rows = await query.where('digest', 'is not', null).execute();
  return new Map(rows.map(({ digest, number }) => [Buffer.from(digest ?? []).toString('base64url'), number]));
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
