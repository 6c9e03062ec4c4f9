import { type KeywardError, operatorText } from '../kernel/errors.ts';
import type { PublishedDocument } from '../domain/publication.ts';
import { challenges } from './challenges.ts';
import { finish } from './finish.ts';
import { oauthError, oauthStatus } from './oauth-error.ts';
import { asKeywardError, PROBLEMS, problemDocument, retryAfterSeconds } from './problem.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

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
