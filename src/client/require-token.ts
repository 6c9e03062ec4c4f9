import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BearerOptions, bearerGuard } from './bearer-guard.ts';
import type { Verifier } from './verifier.ts';

/** As Express and its like call it; nothing of Express is needed. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Lets requests pass that carry a good bearer token, whose claims `claimsOf(request)` then gives, and answers the
 * others as RFC 6750 says. What is no verdict, such as an error of `allows`, goes to `next`.
 */
export function requireToken(verifier: Pick<Verifier, 'verify'>, options?: BearerOptions): Middleware {
  const guard = bearerGuard(verifier, options);
  return (request, response, next) => {
    guard(request, response).then((letIn) => {
      if (letIn) next();
    }, next);
  };
}
