import { KeywardError } from '../domain/errors.ts';
import { admitAnyone } from '../server/admission.ts';
import { readForm } from '../server/form-body.ts';
import {
  type Complaint,
  complaintPage,
  NOT_TAKEN,
  REPORT_FIELDS,
  reportFormPage,
  reportTakenPage,
} from './page.ts';
import { sendPage, sendProblemPage } from '../server/pages/send-page.ts';
import { formBody } from '../server/requests.ts';
import { CODES, problems } from '../server/responses.ts';
import type { ApiRequest, ApiResponse, Handler, Route } from '../server/route.ts';
import { reportForm, reportRequest } from './wire.ts';
import { validated } from '../server/validated.ts';
import { admitReporter, fileReport, type ReportParts, requireScope } from './routes.ts';

const FORM = { maxBytes: 96 * 1024 } as const;
const PATH = '/scopes/{scope}/report';

const page = (description: string) => ({
  description,
  content: { 'text/html': { schema: { type: 'string' as const } } },
});

const showForm: Route<ReportParts> = {
  method: 'get',
  path: PATH,
  operation: {
    operationId: 'getReportPage',
    summary: 'A page with which a person can report something; it runs no script',
    responses: {
      200: page('The form'),
      ...asPages(problems(['unknown_scope', 'rate_limited'])),
    },
  },
  handler: (deps) =>
    withPages('There is no form to show', async (request, response) => {
      await admitAnyone(request, response);
      sendPage(response, 200, reportFormPage(requireScope(deps.keyRing, request)));
    }),
};

const takeForm: Route<ReportParts> = {
  method: 'post',
  path: PATH,
  operation: {
    operationId: 'sendReportPage',
    summary: 'What the form sends',
    requestBody: formBody(reportForm, FORM),
    responses: {
      201: page('The number of the case'),
      ...asPages(
        problems(['unknown_scope', 'rate_limited', 'store_unavailable', 'invalid_request'], CODES.body),
      ),
    },
  },
  handler: (deps) =>
    withPages(NOT_TAKEN, async (request, response) => {
      const scopeId = await admitReporter(deps, request, response);
      const form = await readForm(request, FORM.maxBytes);
      const written = Object.fromEntries(REPORT_FIELDS.map((field) => [field, form.get(field)]));
      try {
        const number = await fileReport(deps, scopeId, validated(reportRequest, written), response);
        sendPage(response, 201, reportTakenPage(number));
      } catch (error) {
        sendProblemPage(response, error, (advice) => reportFormPage(scopeId, written, complaintOf(advice)));
      }
    }),
};

/** For people who have neither an account nor a program. */
export const reportPageRoutes = [showForm, takeForm];

/** What cannot be answered with the form is told on a page of its own. */
function withPages(
  title: string,
  handler: (request: ApiRequest, response: ApiResponse) => Promise<void>,
): Handler {
  return async (request, response) => {
    try {
      await handler(request, response);
    } catch (error) {
      if (!(error instanceof KeywardError)) throw error;
      sendProblemPage(response, error, (advice) => complaintPage(title, advice));
    }
  };
}

/** `text: give the token …` names the field. */
function complaintOf(message: string): Complaint {
  const field = REPORT_FIELDS.find((name) => message.startsWith(`${name}: `));
  return { field, message: field === undefined ? message : message.slice(field.length + 2) };
}

function asPages(answers: ReturnType<typeof problems>): ReturnType<typeof problems> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description }]) => [status, page(description)]),
  );
}
