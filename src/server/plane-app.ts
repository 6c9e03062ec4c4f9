import type { IncomingMessage, RequestListener } from 'node:http';
import express from 'express';
import type { Logger } from 'pino';
import type { RequestObserver } from '../kernel/activity.ts';
import type { Tracer } from '../kernel/trace.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { CALLER_CLASSES, CallerBudget, type CallerClass, type Load } from './caller-budget.ts';
import { vouchFor } from './connections.ts';
import { Exchange, type Plane, type PlaneName } from './exchange.ts';
import { answerFailure, notFound } from './failure.ts';
import { remoteAddress } from './forwarded.ts';
import { ANY_ORIGIN, securityHeaders } from './headers.ts';
import { createLimits, type LimitSettings } from './limits.ts';
import { requireOneReading } from './one-reading.ts';
import { STYLE_HASH } from './page.ts';
import { type ApiResponse, type Handler, mount, type Route } from './route.ts';
import { sendProblem } from './send.ts';
import type { ShedRequest } from './shed-load.ts';

/** What both planes need beside the ports they serve. */
export interface PlaneSettings {
  readonly listener: { readonly tls?: object | undefined; readonly trusted_proxies: readonly string[] };
  readonly limits: LimitSettings;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly callers: RequestObserver;
  /** Takes over what other fronts changed; answers whether there was anything. Default: there is no other. */
  readonly news?: (() => Promise<boolean>) | undefined;
  /** Default: nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** How much of the places may be given out, by how busy the process is; default: all. */
  readonly load?: Load | undefined;
}

const noNews = async () => false;

interface PlaneHooks {
  /** Answers what no route has; default: `not_found`. */
  readonly otherwise?: Handler;
  /** Before anything is routed; default: no request is refused then. */
  readonly shed?: (request: IncomingMessage, budgets: Plane['budgets']) => ShedRequest | undefined;
}

/** Answers these routes, as Express finds them. */
export function createPlaneApp<Deps extends PlaneSettings>(
  name: PlaneName,
  routes: readonly Route<Deps>[],
  deps: Deps,
  { otherwise = notFound, shed }: PlaneHooks = {},
): RequestListener {
  const { listener, limits, log, metrics, callers, news = noNews, tracer, load } = deps;
  const behindTls = listener.tls !== undefined || listener.trusted_proxies.length > 0;
  const plane: Plane = {
    name,
    limits: createLimits(limits),
    log,
    metrics,
    callers,
    news,
    tracer,
    headers: securityHeaders(behindTls),
    anyOriginHeaders: [...securityHeaders(behindTls, { anyOrigin: true }), ...ANY_ORIGIN],
    pageHeaders: securityHeaders(behindTls, { styleHash: STYLE_HASH }),
    budgets: budgetsOf(limits, load),
  };
  metrics.watch({
    requestsInFlight: () => ({
      [name]: Object.fromEntries(CALLER_CLASSES.map((each) => [each, plane.budgets[each].inFlight])),
    }),
  });
  const app = express();
  for (const setting of ['x-powered-by', 'etag'] as const) app.disable(setting);
  for (const setting of ['case sensitive routing', 'strict routing']) app.enable(setting);
  const remoteOf = remoteAddress(listener.trusted_proxies, warnOnce(name, log));
  Object.defineProperty(app.request, 'ip', {
    get(this: IncomingMessage) {
      return remoteOf(this);
    },
  });
  mount(app, routes, deps);
  app.use((request, _response, next) => {
    requireOneReading(request);
    next();
  });
  app.use(otherwise);
  app.use(answerFailure);
  return (request, raw) => {
    const response = raw as ApiResponse;
    const exchange = new Exchange(plane, request);
    response.locals = exchange;
    const refused = shed?.(request, plane.budgets);
    if (!refused) return app(request, response);
    vouchFor(request.socket);
    callers.authenticated(`client:${refused.clientId}`, remoteOf(request));
    exchange.caller = refused.clientId;
    exchange.route = refused.route;
    sendProblem(response, refused.error);
  };
}

const MOST_PEERS_TOLD = 16;

/** Once a peer: a proxy that is not listed sends the header with each request, and anybody else may. */
function warnOnce(plane: PlaneName, log: Logger): (peer: string) => void {
  const told = new Set<string>();
  return (peer) => {
    if (told.has(peer) || told.size >= MOST_PEERS_TOLD) return;
    told.add(peer);
    log.warn({ plane, peer }, 'X-Forwarded-For is ignored: its sender is not in trusted_proxies');
  };
}

function budgetsOf(limits: LimitSettings, load: PlaneSettings['load']): Plane['budgets'] {
  // Operators are few, and may come to end what makes the load.
  const budget = (of: CallerClass) => new CallerBudget(of, limits, of === 'operator' ? undefined : load);
  return Object.fromEntries(CALLER_CLASSES.map((each) => [each, budget(each)])) as Record<
    CallerClass,
    CallerBudget
  >;
}
