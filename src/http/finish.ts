import { performance } from 'node:perf_hooks';
import { KeywardError } from '../domain/errors.ts';
import type { ApiResponse } from './route.ts';

/** The end of an exchange: counted, and told in one line without body or credential. */
export function finish(response: ApiResponse, status: number): void {
  const { plane, route } = response.locals;
  plane.inFlight--;
  plane.metrics.requests.inc({ plane: plane.name, route, status });
  const level = status === 500 ? 'error' : status >= 400 ? 'info' : 'debug';
  if (plane.log.isLevelEnabled(level)) plane.log[level](line(response, status), 'request');
  tellOfShown(response);
}

/** What somebody authenticated with who is nobody, or where nobody asks for it. */
function tellOfShown({ locals: { plane, caller, requestId }, req }: ApiResponse): void {
  const text = req.headers.authorization;
  if (caller !== undefined || text === undefined) return;
  plane.callers.shown({ text, use: 'authentication', caller: null, remote: req.ip, requestId });
}

function line({ locals: exchange, req }: ApiResponse, status: number): object {
  return {
    request_id: exchange.requestId,
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
