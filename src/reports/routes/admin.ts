import { z } from 'zod';
import type { Actor } from '../../kernel/actor.ts';
import { type Act, takesTwoByNow } from '../../kernel/acts.ts';
import { type ErrorCode, KeywardError } from '../../kernel/errors.ts';

import { actorOf, CHANGING, jsonBody, READING } from '../../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../../server/ask-gate.ts';
import { readJson, validated } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { ApiRequest, Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { nextNumber, pageOf } from '../../server/wire.ts';
import { type ReportCase, type ReportStore, readCaseNumber, reportSubjectOf } from '../case.ts';
import {
  caseClosing,
  caseNote,
  caseQuery,
  caseRepresentation,
  caseSummary,
  reportCase,
  summaryRepresentation,
} from './wire.ts';

type Cases = Pick<ReportStore, 'list' | 'find' | 'take' | 'note' | 'close' | 'erase'>;

export interface AdministeredReports extends GateDeps {
  readonly reports: Cases;
}

const BODY = { maxBytes: 16 * 1024, maxDepth: 2, tooDeep: 'malformed_json' } as const;
const one = json('200', 'The case as it stands', z.object({ report: reportCase }));
const casePage = z.object({ reports: z.array(caseSummary), next: nextNumber });
export type CasePageAnswer = z.infer<typeof casePage>;

const listReports: Route<AdministeredReports> = {
  method: 'get',
  path: '/v1/admin/reports',
  operation: {
    operationId: 'listReports',
    summary: 'What people reported, the newest first, without what they wrote; any role',
    security: [{ operator: [] }],
    requestParams: { query: caseQuery },
    responses: {
      ...json('200', 'Cases in brief', casePage),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, reports }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { after, limit, state, scope } = validated(caseQuery, { ...request.query });
      const found = await reports.list({ state, scopeId: scope }, { before: after, limit: limit + 1 });
      const { page, next } = pageOf(found, limit, ({ sequence }) => sequence);
      sendJson(response, 200, { reports: page.map(summaryRepresentation), next });
    },
};

const getReport: Route<AdministeredReports> = {
  method: 'get',
  path: '/v1/admin/reports/{report}',
  operation: {
    operationId: 'getReport',
    summary: 'One report: what was written, what was found out, and who did what about it; any role',
    security: [{ operator: [] }],
    responses: { ...one, ...problems(CODES.operator, ['unknown_report', 'store_unavailable']) },
  },
  handler:
    ({ authenticator, reports }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      sendJson(response, 200, { report: caseRepresentation(await reports.find(numberIn(request))) });
    },
};

/** What comes with a step: how it is described, where there is anything, and how it is read. */
interface RequestBody<B> {
  readonly body: z.ZodType<B> | undefined;
  read(request: ApiRequest): Promise<B>;
}

const NOTHING: RequestBody<undefined> = { body: undefined, read: async () => undefined };
const saying = <B>(body: z.ZodType<B>): RequestBody<B> => ({
  body,
  read: (request) => readJson(request, { schema: body, ...BODY }),
});

interface Step<B> {
  readonly name: 'take' | 'note' | 'close';
  readonly summary: string;
  readonly said: RequestBody<B>;
  readonly refusals: readonly ErrorCode[];
  take(reports: Cases, number: string, body: B, actor: Actor): Promise<ReportCase>;
}

function stepRoute<B>({ name, summary, said, refusals, take }: Step<B>): Route<AdministeredReports> {
  const { body, read } = said;
  return {
    method: 'post',
    path: `/v1/admin/reports/{report}/${name}`,
    operation: {
      operationId: `${name}Report`,
      summary,
      security: [{ operator: [] }],
      ...(body && { requestBody: jsonBody(body, BODY) }),
      responses: {
        ...one,
        ...problems(CODES.operator, body ? [...CODES.body, ...CODES.schema] : [], refusals, [
          'unknown_report',
          'store_unavailable',
        ]),
      },
    },
    handler:
      ({ authenticator, reports }) =>
      async (request, response) => {
        const actor = actorOf(authenticator, CHANGING, request, response);
        const report = await take(reports, numberIn(request), await read(request), actor);
        sendJson(response, 200, { report: caseRepresentation(report) });
      },
  };
}

const requestErasure: Route<AdministeredReports> = {
  method: 'post',
  path: '/v1/admin/reports/{report}/erase',
  operation: {
    operationId: 'eraseReport',
    summary:
      'Permanently erase what the reporter wrote, and how to reach them; role `operator`, two persons until the case is closed',
    security: [{ operator: [] }],
    responses: {
      ...one,
      ...PROPOSED,
      ...problems(CODES.operator, CODES.proposing, ['unknown_report', 'store_unavailable']),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('report.erase', deps, request, response);
    const parameters = { report: numberIn(request) };
    sendOutcome(response, await deps.gate.ask({ act: 'report.erase', parameters, actor }), { status: 200 });
  },
};

export const adminReportRoutes = [
  listReports,
  getReport,
  stepRoute({
    name: 'take',
    summary: 'Take a case, also from another operator; role `operator`',
    said: NOTHING,
    refusals: ['report_closed'],
    take: (reports, number, _nothing, actor) => reports.take(number, actor),
  }),
  stepRoute({
    name: 'note',
    summary: 'Add to a case what was found out; role `operator`',
    said: saying(caseNote),
    refusals: ['report_closed'],
    take: (reports, number, { note }, actor) => reports.note(number, note, actor),
  }),
  stepRoute({
    name: 'close',
    summary: 'Record the outcome of a report permanently; role `operator`',
    said: saying(caseClosing),
    refusals: ['report_closed'],
    take: (reports, number, { outcome, note }, actor) => reports.close(number, outcome, note, actor),
  }),
  requestErasure,
];

function numberIn({ params }: ApiRequest): string {
  const number = readCaseNumber(params.report ?? '');
  if (number !== undefined) return number;
  throw new KeywardError('unknown_report', 'a report has a number such as 7Q3K-M2XD');
}

const erasure = z.strictObject({ report: z.string() });

/** Text and contact of one report: evidence until its case is closed. */
export function eraseReport(
  reports: Pick<Cases, 'find' | 'erase'>,
): Act<'report.erase', z.infer<typeof erasure>> {
  return {
    name: 'report.erase',
    read: (given) => validated(erasure, given),
    async plan({ report }) {
      const found = await reports.find(report);
      const { state, suspicion } = found;
      const planned = {
        subject: reportSubjectOf(report),
        before: { text_and_contact: suspicion === null ? 'erased' : 'kept', state },
        after: { text_and_contact: 'erased', state },
        facts: { open: isOpen(found) },
      };
      return suspicion === null ? { ...planned, unchanged: true } : planned;
    },
    async execute({ report }, actor) {
      const found = await reports.find(report);
      if (actor.alone && found.suspicion !== null && isOpen(found)) throw takesTwoByNow();
      return { report: caseRepresentation(await reports.erase(report, actor)) };
    },
  };
}

function isOpen({ state }: ReportCase): boolean {
  return state !== 'closed';
}
