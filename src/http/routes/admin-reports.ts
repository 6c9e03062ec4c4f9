import { z } from 'zod';
import type { Actor, Authenticator } from '../../domain/access.ts';
import { type ErrorCode, KeywardError } from '../../domain/errors.ts';
import type { ReportCase } from '../../domain/reports/case.ts';
import { readCaseNumber } from '../../domain/reports/case-number.ts';
import type { ReportDesk } from '../../domain/reports/report-desk.ts';
import { actorOf, CHANGING, READING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { ApiRequest, Route } from '../route.ts';
import {
  caseClosing,
  caseNote,
  caseQuery,
  caseRepresentation,
  caseSummary,
  reportCase,
  summaryRepresentation,
} from '../schemas/report-case.ts';
import { sendJson } from '../send.ts';
import { validated } from '../validated.ts';

interface ReportDeskParts {
  readonly authenticator: Authenticator;
  readonly reports: ReportDesk;
}

const BODY = { maxBytes: 16 * 1024, maxDepth: 2, tooDeep: 'malformed_json' } as const;
const one = json('200', 'The case as it stands', z.object({ report: reportCase }));

const listReports: Route<ReportDeskParts> = {
  method: 'get',
  path: '/v1/admin/reports',
  operation: {
    operationId: 'listReports',
    summary: 'What people reported, the newest first, without what they wrote; any role',
    security: [{ operator: [] }],
    requestParams: { query: caseQuery },
    responses: {
      ...json('200', 'Cases in brief', z.object({ reports: z.array(caseSummary) })),
      ...problems(CODES.operator, CODES.schema, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, reports }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      const { before, limit, state, scope } = validated(caseQuery, { ...request.query });
      const found = await reports.list({ state, scopeId: scope }, { before, limit });
      sendJson(response, 200, { reports: found.map(summaryRepresentation) });
    },
};

const getReport: Route<ReportDeskParts> = {
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
interface Said<B> {
  readonly body: z.ZodType<B> | undefined;
  read(request: ApiRequest): Promise<B>;
}

const NOTHING: Said<undefined> = { body: undefined, read: async () => undefined };
const saying = <B>(body: z.ZodType<B>): Said<B> => ({
  body,
  read: (request) => readJson(request, { schema: body, ...BODY }),
});

interface Step<B> {
  readonly name: 'take' | 'note' | 'close' | 'erase';
  readonly summary: string;
  readonly said: Said<B>;
  readonly refusals: readonly ErrorCode[];
  take(reports: ReportDesk, number: string, body: B, actor: Actor): Promise<ReportCase>;
}

function stepRoute<B>({ name, summary, said, refusals, take }: Step<B>): Route<ReportDeskParts> {
  const { body, read } = said;
  return {
    method: 'post',
    path: `/v1/admin/reports/{report}/${name}`,
    operation: {
      operationId: `${name}Report`,
      summary,
      security: [{ operator: [] }],
      ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
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

export const adminReportRoutes = [
  listReports,
  getReport,
  stepRoute({
    name: 'take',
    summary: 'Take a case up, also from whoever has it; role `operator`',
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
    summary: 'Say what a report came to, for good; role `operator`',
    said: saying(caseClosing),
    refusals: ['report_closed'],
    take: (reports, number, { outcome, note }, actor) => reports.close(number, outcome, note, actor),
  }),
  stepRoute({
    name: 'erase',
    summary: 'Erase what the reporter wrote, and how to reach them, for good; role `operator`',
    said: NOTHING,
    refusals: [],
    take: (reports, number, _nothing, actor) => reports.erase(number, actor),
  }),
];

function numberIn({ params }: ApiRequest): string {
  const number = readCaseNumber(params.report ?? '');
  if (number !== undefined) return number;
  throw new KeywardError('unknown_report', 'a report has a number such as 7Q3K-M2XD');
}
