import type { NextFunction } from 'express';
import { KeywardError } from '../domain/errors.ts';
import { asKeywardError, PROBLEMS } from './problem.ts';
import type { ApiRequest, ApiResponse } from './route.ts';
import { sendProblem } from './send.ts';

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
  sendProblem(response, await afterFailedAuthentication(asKeywardError(thrown), request, response));
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
