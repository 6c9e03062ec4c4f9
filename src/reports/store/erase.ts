import { sql } from 'kysely';
import { appendAuditEvent } from '../../db/append-audit-event.ts';
import type { Trx } from '../../db/schema.ts';
import { actOf } from '../../kernel/audit.ts';
import type { Erasable, ErasedBy } from '../../kernel/capability.ts';
import { REPORT_ERASED, type REPORT_ERASURES, reportSubjectOf } from '../case.ts';
import { isInState } from './rows.ts';

const CONTACT = sql<
  string | null
>`CASE WHEN json_valid(suspicion_json) THEN lower(trim(json_extract(suspicion_json, '$.contact'))) END`;
const asContact = (subject: string) => subject.trim().toLowerCase();

interface ReportErasure extends ErasedBy {
  readonly type: (typeof REPORT_ERASURES)[number];
}

/** Erases text and contact of these cases; answers how many still had them. */
export function eraseReports(trx: Trx, numbers: readonly string[], erasure: ReportErasure): Promise<number> {
  return erase(trx, erasure, (rows) => rows.where('number', 'in', numbers));
}

/** What a subject reported, and what others reported about that subject's tokens. */
export const erasableReports: Erasable = {
  eraseNaming(trx, subject, limit, by) {
    const theirs = trx
      .selectFrom('reports')
      .select('number')
      .where(CONTACT, '=', asContact(subject))
      .limit(limit);
    return erase(trx, { ...by, type: REPORT_ERASED }, (rows) => rows.where('number', 'in', theirs));
  },
  eraseAbout(trx, digests, by) {
    return erase(trx, { ...by, type: REPORT_ERASED }, (rows) => rows.where('digest', 'in', digests));
  },
  async openNaming(trx, subject) {
    const rows = await unclosed(trx).select('number').where(CONTACT, '=', asContact(subject)).execute();
    return rows.map(({ number }) => number);
  },
  async openByDigest(trx) {
    const rows = await unclosed(trx).select(['number', 'digest']).where('digest', 'is not', null).execute();
    return new Map(
      rows.map(({ digest, number }) => [Buffer.from(digest ?? []).toString('base64url'), number]),
    );
  },
};

function unclosed(trx: Trx) {
  return trx.selectFrom('reports').where(({ not }) => not(isInState(trx, 'closed')));
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
