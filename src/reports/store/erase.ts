import { appendAuditEvent } from '../../db/append-audit-event.ts';
import { fillPage, inSteps } from '../../db/fill-page.ts';
import { mentionsAnyCase } from '../../db/mentions.ts';
import type { Trx } from '../../db/schema.ts';
import { actOf } from '../../kernel/audit.ts';
import type { Erasable, ErasedBy } from '../../kernel/capability.ts';
import { REPORT_ERASED, type REPORT_ERASURES, reportSubjectOf, type Suspicion } from '../case.ts';
import { type ReportRow, withoutStep } from './states.ts';

interface ReportErasure extends ErasedBy {
  readonly type: (typeof REPORT_ERASURES)[number];
}

/** Erases text and contact of these cases; answers how many still had them. */
export function eraseReports(trx: Trx, numbers: readonly string[], erasure: ReportErasure): Promise<number> {
  if (numbers.length === 0) return Promise.resolve(0);
  return erase(trx, erasure, (rows) => rows.where('number', 'in', numbers));
}

/** What a subject reported, and what others reported about that subject's tokens. */
export const erasableReports: Erasable = {
  async eraseNaming(trx, subject, limit, by) {
    const theirs = await fillPage<ReportRow, ReportRow>(
      limit,
      (last, most) => mayBeOf(trx, subject, last, most),
      async (reports) => reports.filter(isOf(subject)),
    );
    const numbers = theirs.map(({ number }) => number);
    return await eraseReports(trx, numbers, { ...by, type: REPORT_ERASED });
  },
  async eraseAbout(trx, digests, by) {
    if (digests.length === 0) return 0;
    return await erase(trx, { ...by, type: REPORT_ERASED }, (rows) => rows.where('digest', 'in', digests));
  },
  async openNaming(trx, subject) {
    const open: string[] = [];
    for await (const reports of inSteps<ReportRow>((last, most) => mayBeOf(trx, subject, last, most))) {
      const unclosed = await withoutStep(trx, reports.filter(isOf(subject)), 'closed');
      open.push(...unclosed.map(({ number }) => number));
    }
    return open;
  },
  async openByDigest(trx) {
    const open = new Map<string, string>();
    for await (const reports of inSteps<OfToken>((last, most) => ofTokens(trx, last, most))) {
      for (const { digest, number } of await withoutStep(trx, reports, 'closed')) {
        open.set(Buffer.from(digest ?? []).toString('base64url'), number);
      }
    }
    return open;
  },
};

/** Reports of that contact are among them: only what is written in ASCII is looked for. */
async function mayBeOf(trx: Trx, subject: string, last: ReportRow | undefined, limit: number) {
  const [longest = ''] = (contactOf(subject).match(PLAIN) ?? []).toSorted((a, b) => b.length - a.length);
  const written = trx.selectFrom('reports').selectAll().where('suspicion_json', 'is not', null);
  const found = longest === '' ? written : written.where(mentionsAnyCase('suspicion_json', longest));
  return await found
    .where('sequence', '>', last?.sequence ?? 0)
    .orderBy('sequence')
    .limit(limit)
    .execute();
}

/** What JSON writes as it is. */
const PLAIN = /[ !#-[\]-~]+/g;
const contactOf = (text: string) => text.trim().toLowerCase();

function isOf(subject: string): (report: ReportRow) => boolean {
  const contact = contactOf(subject);
  return ({ suspicion_json: json }) => {
    const written = json === null ? null : contactIn(json);
    return typeof written === 'string' && contactOf(written) === contact;
  };
}

/** Whoever writes to the database can put any text there. */
function contactIn(suspicionJson: string): unknown {
  try {
    return (JSON.parse(suspicionJson) as Partial<Suspicion> | null)?.contact;
  } catch {
    return undefined;
  }
}

type OfToken = Pick<ReportRow, 'sequence' | 'number' | 'digest'>;

async function ofTokens(trx: Trx, last: OfToken | undefined, limit: number): Promise<OfToken[]> {
  return await trx
    .selectFrom('reports')
    .select(['sequence', 'number', 'digest'])
    .where('digest', 'is not', null)
    .where('sequence', '>', last?.sequence ?? 0)
    .orderBy('sequence')
    .limit(limit)
    .execute();
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
