import { performance } from 'node:perf_hooks';
import { KeywardError } from '../kernel/errors.ts';
import type { ApiResponse } from './route.ts';

/** The end of an exchange: counted, and told in one line without body or credential. */
export function finish(response: ApiResponse, status: number): void {
  const { plane, route } = response.locals;
  response.locals.leave();
  plane.metrics.requests.inc({ plane: plane.name, route, status });
  const level = levelOf(status, response.locals.error);
  if (plane.log.isLevelEnabled(level)) plane.log[level](line(response, status), 'request');
  tellOfShown(response);
}

/** Of what is refused for its number, a line each would be part of the load; the metrics count them. */
function levelOf(status: number, error: unknown): 'error' | 'info' | 'debug' {
  if (status === 500) return 'error';
  if (error instanceof KeywardError && error.code === 'overloaded') return 'debug';
  return status >= 400 ? 'info' : 'debug';
}

/** What somebody authenticated with who is nobody, or where nobody asks for it. */
function tellOfShown({ locals: { plane, caller, requestId, form }, req }: ApiResponse): void {
  const text = req.headers.authorization || form?.get('client_secret');
  if (caller !== undefined || text === undefined) return;
  plane.callers.rejectedSecret({ text, use: 'authentication', caller: null, remote: req.ip, requestId });
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
