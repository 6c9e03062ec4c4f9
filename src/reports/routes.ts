import { KeywardError } from '../domain/errors.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { ReportIntake } from './report-desk.ts';
import { admitAnyone } from '../server/admission.ts';
import { readJson } from '../server/json-body.ts';
import type { ReportLimits } from './limits.ts';
import { jsonBody } from '../server/requests.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { ApiRequest, ApiResponse, Route } from '../server/route.ts';
import { type ReportRequest, reportAnswer, reportRequest } from './wire.ts';
import { sendJson } from '../server/send.ts';

export interface ReportParts {
  readonly keyRing: KeyRing;
  readonly reportIntake: ReportIntake;
  readonly reportLimits: ReportLimits;
}

const BODY = {
  schema: reportRequest,
  maxBytes: 64 * 1024,
  maxDepth: 1,
  tooDeep: 'malformed_json',
} as const;

/** What anybody suspects. The answer is the same whatever the token is: it is looked into afterwards. */
export const receiveReport: Route<ReportParts> = {
  method: 'post',
  path: '/v1/scopes/{scope}/reports',
  operation: {
    operationId: 'receiveReport',
    summary: 'Report a token, or whatever looks wrong; anyone, without an account',
    description: 'The answer tells nothing of the token, not even whether there is one.',
    requestBody: jsonBody(reportRequest, BODY),
    responses: {
      ...json('201', 'The number of the case, to be quoted when asking about it', reportAnswer),
      ...problems(['unknown_scope', 'rate_limited', 'store_unavailable'], CODES.body, CODES.schema),
    },
  },
  handler: (deps) => async (request, response) => {
    const scopeId = await admitReporter(deps, request, response);
    const report = await fileReport(deps, scopeId, await readJson(request, BODY), response);
    sendJson(response, 201, { report });
  },
};

/** Whoever it is has a share; which scopes there are costs them more here than asking for key sets. */
export async function admitReporter(
  { keyRing, reportLimits }: ReportParts,
  request: ApiRequest,
  response: ApiResponse,
): Promise<string> {
  await admitAnyone(request, response);
  await reportLimits.from(request.ip);
  return requireScope(keyRing, request);
}

export function requireScope(keyRing: KeyRing, { params }: ApiRequest): string {
  const scopeId = params.scope ?? '';
  if (keyRing.scope(scopeId)) return scopeId;
  throw new KeywardError('unknown_scope', 'there is no scope of this id');
}

/** Answers the number of the case. */
export async function fileReport(
  { reportIntake, reportLimits }: ReportParts,
  scopeId: string,
  report: ReportRequest,
  { locals: { requestId } }: ApiResponse,
): Promise<string> {
  await reportLimits.inAll();
  return reportIntake.receive({ ...report, scopeId, requestId });
}
