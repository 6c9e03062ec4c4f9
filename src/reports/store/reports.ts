import { randomBytes } from 'node:crypto';
import { appendStep } from '../../db/case-log.ts';
import { fillPage } from '../../db/fill-page.ts';
import type { Trx, TrxReader, TrxWriter } from '../../db/schema.ts';
import { appendTestified } from '../../db/testified.ts';
import { type Actor, KEYWARD } from '../../kernel/actor.ts';
import type { Clock } from '../../kernel/clock.ts';
import { Emitter } from '../../lib/emitter.ts';
import {
  type CaseChange,
  type CaseStep,
  type CaseStepKind,
  caseStatus,
  type FiledReport,
  type NewReport,
  REPORT_ERASED,
  REPORT_EXPIRED,
  type ReportStore,
  requireStep,
  suspicionCommitment,
  suspicionJson,
} from '../case.ts';
import { eraseReports } from './erase.ts';
import { casesNewestFirst, reportFromRow, requireCase, stepFromRow } from './rows.ts';
import { countUnclosed, inState, lastChange, type ReportRow, withoutStep, withStep } from './states.ts';
import { reportTable } from './table.ts';

const SALT_BYTES = 16;

export function createReportStore(reader: TrxReader, writer: TrxWriter, clock: Clock): ReportStore {
  const changes = new Emitter<CaseChange>();
  const step = async (asked: Omit<RequestedCaseStep, 'at'>) => {
    const { change, now } = await writer.transaction(async (trx) => ({
      change: await appendCaseStep(trx, { ...asked, at: clock.nowSeconds() }),
      now: await requireCase(trx, asked.number),
    }));
    if (change && change.was !== change.state) changes.emit(change);
    return now;
  };
  return {
    async file(report) {
      const filed = await writer.transaction((trx) => insert(trx, report, clock.nowSeconds()));
      changes.emit({ was: null, state: 'open' });
      return filed;
    },
    async examined(number, findings) {
      const findingsJson = findings && JSON.stringify(findings);
      await step({ number, kind: 'examined', findingsJson, actor: KEYWARD });
    },
    list: (query, page) => reader.read((trx) => casesNewestFirst(trx, query, page)),
    find: (number) => reader.read((trx) => requireCase(trx, number)),
    take: (number, actor) => step({ number, kind: 'taken', actor }),
    note: (number, note, actor) => step({ number, kind: 'noted', note, actor }),
    close: (number, outcome, note, actor) => step({ number, kind: 'closed', outcome, note, actor }),
    erase: (number, actor) => writer.transaction((trx) => eraseOne(trx, number, actor, clock.nowSeconds())),
    unexamined: (until, limit) =>
      reader.read((trx) =>
        waiting(trx, { until, limit }, (reports) => withoutStep(trx, reports, 'examined')),
      ),
    untaken: (until, after, limit) =>
      reader.read((trx) => waiting(trx, { until, after, limit }, (reports) => inState(trx, reports, 'open'))),
    eraseClosed: (until, limit) =>
      writer.transaction((trx) => eraseClosed(trx, until, limit, clock.nowSeconds())),
    countUnclosed: () => reader.read(countUnclosed),
    lastChange: () => reader.read(lastChange),
    subscribe: (told) => changes.subscribe(told),
  };
}

interface RequestedCaseStep extends Partial<Pick<CaseStep, 'outcome' | 'note'>> {
  readonly number: string;
  readonly kind: CaseStepKind;
  readonly findingsJson?: string | null;
  readonly actor: Actor;
  readonly at: number;
}

/** Writes the step and its audit event; null where it would change nothing. `unknown_report`, `report_closed`. */
async function appendCaseStep(trx: Trx, asked: RequestedCaseStep): Promise<CaseChange | null> {
  const before = await requireCase(trx, asked.number);
  requireStep(before.state, asked.kind);
  const isTaken = asked.kind === 'taken' && before.owner === asked.actor.operatorId;
  const isExamined = asked.kind === 'examined' && before.steps.some(({ kind }) => kind === 'examined');
  if (isTaken || isExamined) return null;
  const { number, kind, actor, at, outcome = null, note = null, findingsJson = null } = asked;
  const of = { case_kind: 'report', case_id: number, step: kind } as const;
  const values = { ...of, taken_at: at, outcome, note, findings_json: findingsJson };
  const steps = [...before.steps, stepFromRow(await appendStep(trx, values, actor))];
  const { state, examined, closedAt: closed_at } = caseStatus(steps);
  await trx
    .updateTable('reports')
    .set({ state, examined: examined ? 1 : 0, closed_at })
    .where('number', '=', number)
    .execute();
  return { was: before.state, state };
}

async function insert(trx: Trx, report: NewReport, receivedAt: number): Promise<FiledReport> {
  const { number, scopeId, digest, suspicion, requestId, traceId } = report;
  const json = suspicionJson(suspicion);
  const salt = randomBytes(SALT_BYTES);
  const values = {
    number,
    scope_id: scopeId,
    received_at: receivedAt,
    digest,
    suspicion_json: json,
    suspicion_salt: salt,
    suspicion_commitment: suspicionCommitment(salt, json),
    state: 'open',
    examined: 0,
    closed_at: null,
  } as const;
  return reportFromRow(await appendTestified(trx, reportTable, values, { ...KEYWARD, requestId, traceId }));
}

async function eraseOne(trx: Trx, number: string, actor: Actor, at: number) {
  await requireCase(trx, number);
  await eraseReports(trx, [number], { type: REPORT_ERASED, actor, at });
  return requireCase(trx, number);
}

interface Waiting {
  readonly until: number;
  readonly after?: number;
  readonly limit: number;
}

/** Those received until then that `which` picks out, the oldest first. */
async function waiting(
  trx: Trx,
  { until, after = 0, limit }: Waiting,
  which: (reports: readonly ReportRow[]) => Promise<readonly ReportRow[]>,
): Promise<FiledReport[]> {
  const received = trx.selectFrom('reports').selectAll().where('received_at', '<=', until);
  const reports = await fillPage<ReportRow, ReportRow>(
    limit,
    (last, most) =>
      received
        .where('sequence', '>', last?.sequence ?? after)
        .orderBy('sequence')
        .limit(most)
        .execute(),
    which,
  );
  return reports.map(reportFromRow);
}

type Closed = Pick<ReportRow, 'sequence' | 'number' | 'closed_at'>;

/** Closed until then as their rows have it, the longest closed first. */
async function closedBehind(trx: Trx, last: Closed | undefined, until: number, limit: number) {
  let closed = trx
    .selectFrom('reports')
    .select(['sequence', 'number', 'closed_at'])
    .where('suspicion_json', 'is not', null)
    .where('closed_at', '<=', until);
  if (last) {
    const { closed_at: at, sequence } = last;
    closed = closed.where(({ and, eb, or }) =>
      or([eb('closed_at', '>', at), and([eb('closed_at', '=', at), eb('sequence', '>', sequence)])]),
    );
  }
  return await closed.orderBy('closed_at').orderBy('sequence').limit(limit).execute();
}

async function eraseClosed(trx: Trx, until: number, limit: number, at: number): Promise<number> {
  const due = await fillPage<Closed, Closed>(
    limit,
    (last, most) => closedBehind(trx, last, until, most),
    (reports) => withStep(trx, reports, 'closed', until),
  );
  const numbers = due.map(({ number }) => number);
  return eraseReports(trx, numbers, { type: REPORT_EXPIRED, actor: KEYWARD, at });
}
