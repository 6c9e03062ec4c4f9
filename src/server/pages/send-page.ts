import type { KeywardError } from '../../kernel/errors.ts';
import { humanSpan } from '../../lib/human-span.ts';
import { asKeywardError, retryAfterSeconds } from '../problem.ts';
import type { ApiResponse } from '../route.ts';
import { noteProblem, send } from '../send.ts';

const PAGE = ['Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-store'];

/** A page for a person, kept by no cache. */
export function sendPage(
  response: ApiResponse,
  status: number,
  body: string,
  headers: readonly string[] = [],
): void {
  send(response, status, [...PAGE, ...headers], body, response.locals.plane.pageHeaders);
}

/** What went wrong, with the status that a problem document would have. */
export function sendProblemPage(
  response: ApiResponse,
  thrown: unknown,
  show: (advice: string) => string,
): void {
  const error = asKeywardError(thrown);
  const { status, headers } = noteProblem(response, error);
  sendPage(response, status, show(adviceOf(error)), headers);
}

/** People do not read headers. */
function adviceOf(error: KeywardError): string {
  if (error.code !== 'rate_limited') return error.message;
  return `Too much was sent from where you are, or at all. Try again in ${humanSpan(retryAfterSeconds(error) ?? 1)}.`;
}
