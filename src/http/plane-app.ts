import { performance } from 'node:perf_hooks';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { CallerWatch } from '../domain/caller-watch.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Exchange } from './exchange.ts';
import { answerFailure, notFound } from './failure.ts';
import { createLimits, type LimitSettings } from './limits.ts';
import { STYLE_HASH } from './pages/page.ts';
import type { Plane, PlaneName } from './plane.ts';
import { requestIdOf } from './request-id.ts';
import { type ApiRequest, type ApiResponse, type Handler, mount, type Route } from './route.ts';
import { securityHeaders } from './security-headers.ts';

/** What both planes need beside the ports they serve. */
export interface PlaneSettings {
  readonly listener: { readonly tls?: object | undefined; readonly behind_proxy: boolean };
  readonly limits: LimitSettings;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly callers: CallerWatch;
}

/** An Express application that answers these routes and, to any other path, `otherwise`. */
export function createPlaneApp<Deps extends PlaneSettings>(
  name: PlaneName,
  routes: readonly Route<Deps>[],
  deps: Deps,
  otherwise: Handler = notFound,
): Express {
  const { listener, limits, log, metrics, callers } = deps;
  const behindTls = listener.tls !== undefined || listener.behind_proxy;
  const headers = securityHeaders(behindTls);
  const plane: Plane = {
    name,
    limits: createLimits(limits),
    log,
    metrics,
    callers,
    headers,
    pageHeaders: securityHeaders(behindTls, { styleHash: STYLE_HASH }),
    inFlight: 0,
  };
  metrics.watch('requestsInFlight', () => ({ [name]: plane.inFlight }));
  const app = express();
  for (const setting of ['x-powered-by', 'etag'] as const) app.disable(setting);
  for (const setting of ['case sensitive routing', 'strict routing']) app.enable(setting);
  // The proxy in front wrote the last address; what stands before it is the caller's own word.
  app.set('trust proxy', listener.behind_proxy ? 1 : false);
  app.use((request, response, next) => {
    begin(plane, request as ApiRequest, response as ApiResponse);
    next();
  });
  mount(app, routes, deps);
  app.use(otherwise);
  app.use(answerFailure);
  return app;
}

function begin(plane: Plane, request: ApiRequest, response: ApiResponse): void {
  plane.inFlight++;
  response.locals = new Exchange(plane, requestIdOf(request.headers['x-request-id']), performance.now());
}
