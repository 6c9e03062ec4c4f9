import { asKeywardError } from '../problem.ts';
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
  show: (message: string) => string,
): void {
  const error = asKeywardError(thrown);
  const { status, headers } = noteProblem(response, error);
  sendPage(response, status, show(error.message), headers);
}
