import type { Express, Request, Response } from 'express';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { KeywardError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import { sendProblem } from './send.ts';

export type ApiRequest = Request<Record<string, string>>;
export type ApiResponse = Response<unknown, Exchange>;
export type Handler = (request: ApiRequest, response: ApiResponse) => Promise<void> | void;

/** One method of one path: what answers it, and what the API description says of it. */
export interface Route<Deps> {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** As OpenAPI writes it: `/v1/scopes/{scope}/tokens`. */
  readonly path: `/${string}`;
  readonly operation: ZodOpenApiOperationObject;
  /** Answers however many requests are in flight: a busy process is still alive. */
  readonly unbounded?: true;
  handler(deps: Deps): Handler;
}

/** Each path answers its methods, and 405 to any other. */
export function mount<Deps>(app: Express, routes: readonly Route<Deps>[], deps: Deps): void {
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    const mounted = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const route of group) mounted[route.method](entered(route, route.handler(deps)));
    mounted.all(entered({ path }, methodNotAllowed(group)));
  }
}

/** Names the route, and turns requests away while too many are in flight. */
function entered({ path, unbounded }: { path: string; unbounded?: true }, handler: Handler): Handler {
  return (request, response) => {
    const { locals: exchange } = response;
    exchange.route = path;
    if (!unbounded && exchange.plane.inFlight > exchange.plane.limits.requestsInFlight) {
      throw new KeywardError('overloaded', 'too many requests are in flight; try again');
    }
    return handler(request, response);
  };
}

function methodNotAllowed(group: readonly { readonly method: string }[]): Handler {
  const methods = group.flatMap(({ method }) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
  );
  const allow = methods.join(', ');
  return (_request, response) => {
    sendProblem(response, new KeywardError('method_not_allowed', `use ${allow}`), ['Allow', allow]);
  };
}
