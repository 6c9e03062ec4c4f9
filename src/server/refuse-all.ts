import type { RequestListener } from 'node:http';
import { KeywardError } from '../kernel/errors.ts';
import { PROBLEMS, problemDocument, retryAfterSeconds } from './problem.ts';
import { requestIdOf } from './request-id.ts';
import type { ListenerHooks } from './listener.ts';

/** Answers everything with 503 `shutting_down` and ends the connection, so that the caller goes elsewhere. */
export function refuseAll(hooks: ListenerHooks): RequestListener {
  const error = new KeywardError('shutting_down', 'this instance is shutting down; try again elsewhere');
  return (request, response) => {
    hooks.problem(error.code);
    const requestId = requestIdOf(request.headers['x-request-id']);
    const body = JSON.stringify(problemDocument(error, requestId));
    response.writeHead(PROBLEMS[error.code].status, {
      'Content-Type': 'application/problem+json',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'Retry-After': retryAfterSeconds(error),
      'X-Request-Id': requestId,
      Connection: 'close',
    });
    response.end(body);
  };
}
