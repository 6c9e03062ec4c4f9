import { performance } from 'node:perf_hooks';
import { KeywardError, operatorText } from '../kernel/errors.ts';
import type { PublishedDocument } from '../kernel/publication.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';
import { challenges, oauthError, oauthStatus } from './oauth-error.ts';
import { asKeywardError, PROBLEMS, problemDocument, retryAfterSeconds } from './problem.ts';

/** The end of an exchange: counted, and told in one line without body or credential. */
export function finish(response: ApiResponse, status: number): void {
  const { plane, route } = response.locals;
  response.locals.leave();
  response.locals.endSpan(status);
  plane.metrics.requests.inc({ plane: plane.name, route, status });
  const level = levelOf(status, response.locals.error);
  if (plane.log.isLevelEnabled(level)) plane.log[level](line(response, status), 'request');
  observeShown(response);
}

/** Of what is refused for its number, a line each would be part of the load; the metrics count them. */
function levelOf(status: number, error: unknown): 'error' | 'info' | 'debug' {
  if (status === 500) return 'error';
  if (error instanceof KeywardError && error.code === 'overloaded') return 'debug';
  return status >= 400 ? 'info' : 'debug';
}

/** What somebody authenticated with who is nobody, or where nobody asks for it. */
function observeShown({ locals: { plane, caller, requestId, form }, req }: ApiResponse): void {
  const text = req.headers.authorization || form?.get('client_secret');
  if (caller !== undefined || text === undefined) return;
  plane.callers.rejectedSecret({ text, use: 'authentication', caller: null, remote: req.ip, requestId });
}

function line({ locals: exchange, req }: ApiResponse, status: number): object {
  return {
    request_id: exchange.requestId,
    trace_id: exchange.traceId,
    plane: exchange.plane.name,
    method: req.method,
    route: exchange.route,
    status,
    caller: exchange.caller,
    duration_ms: Math.round((performance.now() - exchange.startedAt) * 10) / 10,
    ...(status >= 400 ? failure(exchange.error, req.ip) : {}),
  };
}

function failure(error: unknown, remote: string | undefined): object {
  if (!(error instanceof KeywardError)) return { remote };
  const { code, message, cause } = error;
  return { remote, code, detail: message, ...(cause === undefined ? {} : { err: cause }) };
}

const JSON_NOT_STORED = ['Content-Type', 'application/json; charset=utf-8', 'Cache-Control', 'no-store'];
const PROBLEM_NOT_STORED = ['Content-Type', 'application/problem+json', 'Cache-Control', 'no-store'];

/** The one way out: every request is answered by exactly one call of this. */
export function send(
  response: ApiResponse,
  status: number,
  headers: readonly string[],
  body: string,
  security: readonly string[] = response.locals.headers,
): void {
  const { requestId } = response.locals;
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, [...security, 'X-Request-Id', requestId, 'Content-Length', length, ...headers]);
  response.end(body);
  finish(response, status);
}

/** A dynamic answer, kept by no cache. */
export function sendJson(
  response: ApiResponse,
  status: number,
  body: object,
  headers: readonly string[] = [],
): void {
  send(response, status, [...JSON_NOT_STORED, ...headers], JSON.stringify(body));
}

/** RFC 9457, or RFC 6749 §5.2 of an OAuth endpoint; with a challenge where the caller may not. */
export function sendProblem(response: ApiResponse, thrown: unknown, headers: readonly string[] = []): void {
  const error = asKeywardError(thrown);
  const noted = noteProblem(response, error);
  const all = [...headers, ...noted.headers, ...challenges(response, error.code)];
  const { oauth, requestId, plane, caller } = response.locals;
  if (oauth) {
    sendJson(response, oauthStatus(error.code), oauthError(error), all);
  } else {
    const isOperator = plane.name === 'operations' && caller !== undefined;
    const detail = isOperator ? operatorText(error) : error.message;
    const document = JSON.stringify(problemDocument(error, requestId, detail));
    send(response, noted.status, [...PROBLEM_NOT_STORED, ...all], document);
  }
}

/** Counts the problem and has it logged, in whatever form it is told; answers its status and what goes with it. */
export function noteProblem(
  { locals: exchange }: ApiResponse,
  error: KeywardError,
): { readonly status: number; readonly headers: readonly string[] } {
  exchange.error = error;
  exchange.plane.metrics.problems.inc({ code: error.code });
  const retryAfter = retryAfterSeconds(error);
  return {
    status: PROBLEMS[error.code].status,
    headers: retryAfter === undefined ? [] : ['Retry-After', String(retryAfter)],
  };
}

/** A document for caches: 304 where the caller has it already (RFC 9110 §13.1.2). */
export function sendDocument(request: ApiRequest, response: ApiResponse, document: PublishedDocument): void {
  const { etag, maxAgeSeconds, contentType, body } = document;
  const validators = ['ETag', etag, 'Cache-Control', `public, max-age=${maxAgeSeconds}`];
  if (namesTag(request.headers['if-none-match'], etag)) sendNothing(response, 304, validators);
  else send(response, 200, ['Content-Type', contentType, ...validators], body);
}

/** With a status that has no body. */
export function sendNothing(response: ApiResponse, status: 204 | 304, headers: readonly string[]): void {
  const { headers: security, requestId } = response.locals;
  response.writeHead(status, [...security, 'X-Request-Id', requestId, ...headers]);
  response.end();
  finish(response, status);
}

/** Weak comparison, as `If-None-Match` asks for. */
function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
