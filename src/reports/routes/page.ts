import { z } from 'zod';
import { KeywardError } from '../../kernel/errors.ts';
import { requireScope } from '../../kernel/key.ts';
import { html, type Markup } from '../../lib/html.ts';
import { admitAnyone, formBody } from '../../server/admission.ts';
import { page, sendPage, sendProblemPage } from '../../server/page.ts';
import { readForm, validated } from '../../server/read-body.ts';
import { CODES, problems } from '../../server/responses.ts';
import type { ApiRequest, ApiResponse, Handler, Route } from '../../server/route.ts';
import {
  admitReporter,
  fileReport,
  MOST_CHARACTERS,
  type PublicReports,
  reportForm,
  reportRequest,
} from './public.ts';

const FORM = { maxBytes: 96 * 1024 } as const;
const PATH = '/scopes/{scope}/report';

const pageText = z.string().meta({ examples: ['<!doctype html>…'] });
const htmlPage = (description: string) => ({
  description,
  content: { 'text/html': { schema: pageText } },
});

const showForm: Route<PublicReports> = {
  method: 'get',
  path: PATH,
  operation: {
    operationId: 'getReportPage',
    summary: 'A page with which a person can report something; it runs no script',
    responses: {
      200: htmlPage('The form'),
      ...asPages(problems(['unknown_scope', 'rate_limited'])),
    },
  },
  handler: (deps) =>
    withPages('There is no form to show', async (request, response) => {
      await admitAnyone(request, response);
      sendPage(response, 200, reportFormPage(requireScope(deps.keyRing, request.params.scope ?? '').id));
    }),
};

const takeForm: Route<PublicReports> = {
  method: 'post',
  path: PATH,
  operation: {
    operationId: 'sendReportPage',
    summary: 'What the form sends',
    requestBody: formBody(reportForm, FORM),
    responses: {
      201: htmlPage('The number of the case'),
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
        sendProblemPage(response, error, (advice) => reportFormPage(scopeId, written, formErrorOf(advice)));
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
      sendProblemPage(response, error, (advice) => formErrorPage(title, advice));
    }
  };
}

/** `text: give the token …` names the field. */
function formErrorOf(message: string): FormError {
  const field = REPORT_FIELDS.find((name) => message.startsWith(`${name}: `));
  return { field, message: field === undefined ? message : message.slice(field.length + 2) };
}

function asPages(answers: ReturnType<typeof problems>): ReturnType<typeof problems> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description }]) => [status, htmlPage(description)]),
  );
}

/** What a reporter has written. The token is never shown again: it may still be good. */
interface WrittenReport {
  readonly text?: string | undefined;
  readonly contact?: string | undefined;
}

export const REPORT_FIELDS = ['token', 'text', 'contact'] as const;
type ReportField = (typeof REPORT_FIELDS)[number];

/** What was wrong, and with which field, where it is one. */
interface FormError {
  readonly field: ReportField | undefined;
  readonly message: string;
}

const NOT_TAKEN = 'Your report was not taken';

/** The form, and above it what was wrong with what was sent before. It posts to where it stands, behind any path prefix. */
export function reportFormPage(scopeId: string, written: WrittenReport = {}, complaint?: FormError): string {
  const title = complaint ? NOT_TAKEN : 'Report something that looks wrong';
  return page(
    title,
    html`${complaint ? [wrong(complaint)] : []}
<p>Did you find a token, or did something happen in your name that you did not do? Tell the people who run
<strong>${scopeId}</strong>. You need no account. Give a token, or say what happened, or both.</p>
<form method="post" action="report" accept-charset="utf-8">
<label for="token">Token</label>
<p class="hint" id="token-hint">It begins with eyJ. Only a fingerprint of it is kept.</p>
<textarea id="token" name="token" class="code" rows="4" maxlength="${MOST_CHARACTERS.token}" autocomplete="off" spellcheck="false" ${described('token', complaint)}></textarea>
<label for="text">What happened?</label>
<p class="hint" id="text-hint">What you saw, where, and when. At most ${MOST_CHARACTERS.text} characters.</p>
<textarea id="text" name="text" rows="8" maxlength="${MOST_CHARACTERS.text}" ${described('text', complaint)}>
${lines(written.text)}</textarea>
<label for="contact">How can we reach you? (optional)</label>
<p class="hint" id="contact-hint">Such as a mail address. It is erased when it is no longer needed, or when you ask for it.</p>
<input id="contact" name="contact" maxlength="${MOST_CHARACTERS.contact}" autocomplete="email" value="${written.contact ?? ''}" ${described('contact', complaint)}>
<button type="submit">Send the report</button>
</form>`,
  );
}

/** With the number, and nothing that was found out. */
export function reportTakenPage(number: string): string {
  return page(
    'Thank you: your report was taken',
    html`<p>Its number is</p>
<p class="number">${number}</p>
<p>Keep it, and quote it when you ask about your report. If you left a way to reach you, somebody may write to you.</p>`,
  );
}

/** Where there is no form to go back to. */
export function formErrorPage(title: string, message: string): string {
  return page(title, wrong({ field: undefined, message }));
}

const NAMES = { token: 'Token', text: 'What happened?', contact: 'How can we reach you?' } as const;

function wrong({ field, message }: FormError): Markup {
  const where = field === undefined ? html`` : html`<a href="#${field}">${NAMES[field]}</a> `;
  return html`<p class="wrong" role="alert">${where}${message}</p>`;
}

function described(field: ReportField, complaint: FormError | undefined): Markup {
  return complaint?.field === field
    ? html`aria-describedby="${field}-hint" aria-invalid="true"`
    : html`aria-describedby="${field}-hint"`;
}

/** A line break is one here, and no character that a terminal would obey. */
function lines(text = ''): readonly Markup[] {
  return text.split(/\r?\n/).map((line) => html`${line}`);
}
