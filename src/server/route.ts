import type { Express } from 'express';
import type { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { KeywardError } from '../kernel/errors.ts';
import type { ApiRequest, Handler } from './exchange.ts';
import { answerPreflight } from './headers.ts';
import { requireOneReading } from './one-reading.ts';
import { sendProblem } from './send.ts';

export type { ApiRequest, ApiResponse, Handler } from './exchange.ts';

/** One method of one path: what answers it, and what the API description says of it. */
export interface Route<Deps> {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** As OpenAPI writes it: `/v1/scopes/{scope}/tokens`. */
  readonly path: `/${string}`;
  readonly operation: ZodOpenApiOperationObject;
  /** Server-sent events that it answers with (HTML standard, §9.2): name → what its `data` is as JSON. */
  readonly events?: Readonly<Record<string, z.ZodType>>;
  /** Pages of any origin may read it (CORS). */
  readonly anyOrigin?: true;
  /** Answers what goes wrong as OAuth has it (RFC 6749 §5.2). */
  readonly oauth?: true;
  readonly handler: (deps: Deps) => Handler;
}

/** What all of these routes need. */
export type NeedsOf<R> = (R extends Route<infer Deps> ? (deps: Deps) => void : never) extends (
  deps: infer All,
) => void
  ? All
  : never;

/** Routes with their own needs met; what is left comes with the plane that mounts them. */
export function supplied<R extends Route<never>, Own extends Partial<NeedsOf<R>>>(
  routes: readonly R[],
  own: Own,
): readonly Route<Omit<NeedsOf<R>, keyof Own>>[] {
  return routes.map((route) => ({
    ...route,
    handler: (rest) => route.handler({ ...rest, ...own } as never),
  }));
}

/** Each path answers its methods, and 405 to any other. */
export function mount<Deps>(app: Express, routes: readonly Route<Deps>[], deps: Deps): void {
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    const mounted = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const route of group) mounted[route.method](entered(route, route.handler(deps)));
    const [oauth, anyOrigin] = [group.some((route) => route.oauth), group.some((route) => route.anyOrigin)];
    const refuse = methodNotAllowed(group);
    const otherwise: Handler = (request, response) =>
      (anyOrigin && request.method === 'OPTIONS' ? answerPreflight : refuse)(request, response);
    mounted.all(entered({ path, oauth, anyOrigin }, otherwise));
  }
}

interface Entered {
  readonly path: string;
  readonly oauth?: boolean;
  readonly anyOrigin?: boolean;
}

/** Names the route, and refuses what can be read in two ways. */
function entered({ path, oauth = false, anyOrigin }: Entered, handler: Handler): Handler {
  return (request, response) => {
    const { locals: exchange } = response;
    exchange.route = path;
    exchange.oauth = oauth;
    if (anyOrigin) exchange.headers = exchange.plane.anyOriginHeaders;
    requireOneReading(request);
    refuseNul(request);
    refuseIdempotencyKey(request);
    return handler(request, response);
  };
}

/** As of a body (`wireText`): what a path names may be looked for in the database. */
function refuseNul({ params }: ApiRequest): void {
  for (const name in params) {
    if (params[name]?.includes('\0'))
      throw new KeywardError('malformed_request', 'leave %00 out of the path');
  }
}

/** A caller that sends one relies on it. Ignored, a retry would do twice what was to be done once. */
function refuseIdempotencyKey({ headers, method }: ApiRequest): void {
  if (headers['idempotency-key'] === undefined || method === 'GET' || method === 'HEAD') return;
  throw new KeywardError(
    'idempotency_unsupported',
    'leave out Idempotency-Key: no answer is kept; a token asked for again is another token, and both are good',
  );
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
