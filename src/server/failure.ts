import type { NextFunction } from 'express';
import { KeywardError } from '../kernel/errors.ts';
import { observeBody } from './body.ts';
import { asKeywardError, PROBLEMS } from './problem.ts';
import type { ApiRequest, ApiResponse } from './route.ts';
import { sendProblem } from './send.ts';

const LOOKING = new Set(['GET', 'HEAD']);

/** No path matched. Costs the caller a share, so that the paths cannot be sounded out at speed. */
export async function notFound(request: ApiRequest, response: ApiResponse): Promise<void> {
  await response.locals.plane.limits.anonymous(request.ip);
  throw new KeywardError('not_found', 'nothing answers at this path');
}

/** Express knows an error handler by its four parameters. */
export async function answerFailure(
  thrown: unknown,
  request: ApiRequest,
  response: ApiResponse,
  _next: NextFunction,
): Promise<void> {
  const error = asKeywardError(thrown);
  observeRefusal(error, request, response);
  const told = await afterFailedAuthentication(error, request, response);
  observeBody(told.code, request, response);
  sendProblem(response, told);
}

/** Who was turned away, and which administrative acts were refused, is kept in the audit trail. */
function observeRefusal(
  { code }: KeywardError,
  request: ApiRequest,
  { locals: exchange }: ApiResponse,
): void {
  const { plane, caller, route, requestId, traceId } = exchange;
  const { status } = PROBLEMS[code];
  const isAct = plane.name === 'operations' && caller !== undefined && !LOOKING.has(request.method);
  if (status !== 401 && status !== 403 && !(isAct && status < 500)) return;
  const { method, ip: remote } = request;
  plane.callers.refused({ plane: plane.name, method, route, code, caller, remote, requestId, traceId });
}

/** Past the limit, a wrong credential is no longer told from too many of them. A right one is never in the way. */
async function afterFailedAuthentication(
  error: KeywardError,
  request: ApiRequest,
  response: ApiResponse,
): Promise<KeywardError> {
  if (PROBLEMS[error.code].status !== 401) return error;
  try {
    await response.locals.plane.limits.failedAuthentication(request.ip);
    return error;
  } catch (limited) {
    return asKeywardError(limited);
  }
}
