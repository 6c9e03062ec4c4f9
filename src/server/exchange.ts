import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { RequestObserver } from '../kernel/activity.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type RequestTrace, readTraceParent, type Span, type Tracer } from '../kernel/trace.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Admission, CallerBudget, CallerClass } from './caller-budget.ts';
import type { Limits } from './limits.ts';

export const PLANES = ['data', 'operations'] as const;
export type PlaneName = (typeof PLANES)[number];

/** What all routes of one listener share. */
export interface Plane {
  readonly name: PlaneName;
  readonly limits: Limits;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'requests' | 'problems'>;
  readonly callers: RequestObserver;
  /** Takes over what other fronts changed; answers whether there was anything. */
  readonly news: () => Promise<boolean>;
  /** Names and values in turn, on every answer. */
  readonly headers: readonly string[];
  /** Instead of them, of what pages of any origin may read. */
  readonly anyOriginHeaders: readonly string[];
  /** Instead of them, with a page for people. */
  readonly pageHeaders: readonly string[];
  /** Undefined where tracing is off. */
  readonly tracer?: Tracer | undefined;
  /** What each class of callers may hold of this plane at once. */
  readonly budgets: Readonly<Record<CallerClass, CallerBudget>>;
}

/** One request and its answer, as the log line and the metrics will tell of it. */
export class Exchange {
  readonly plane: Plane;
  /** Names and values in turn, that go with whatever is answered. */
  headers: readonly string[];
  readonly requestId: string;
  readonly startedAt: number;
  /** The path as documented; never the path as asked. */
  route = 'none';
  /** Client or operator, once authenticated. */
  caller: string | undefined;
  /** Errors are told as OAuth has them (RFC 6749 §5.2), not as problem documents. */
  oauth = false;
  /** Of an OAuth request that shows its client in the body: read before anybody knew whose it is. */
  form: ReadonlyMap<string, string> | undefined;
  /** What the answer told as a problem. */
  error: unknown;
  #admission: Admission | undefined;
  readonly #request: IncomingMessage;
  #span: Span | undefined;
  /** Whether it is to be traced was decided. */
  #isJudged = false;
  /** Read when it is first asked for; null until then. */
  #trace: RequestTrace | undefined | null = null;

  constructor(plane: Plane, request: IncomingMessage) {
    this.plane = plane;
    this.headers = plane.headers;
    this.requestId = requestIdOf(request.headers['x-request-id']);
    this.startedAt = performance.now();
    this.#request = request;
  }

  /** Of the caller's `traceparent`, or begun here; undefined where the request belongs to no trace. */
  get trace(): RequestTrace | undefined {
    if (this.#trace !== null) return this.#trace;
    const { traceparent } = this.#request.headers;
    this.#trace = traceparent === undefined ? undefined : readTraceParent(traceparent);
    return this.#trace;
  }

  get traceId(): string | undefined {
    return this.trace?.traceId;
  }

  /** The place it has among the requests in flight. Nothing of a body is read without one. */
  get admission(): Admission | undefined {
    return this.#admission;
  }

  /** Takes a place among those of the class, for the one it may have had: `overloaded`. */
  enter(callers: CallerClass, holder: string): void {
    this.leave();
    this.#admission = this.plane.budgets[callers].enter(holder);
    if (this.plane.tracer && this.caller !== undefined) this.#beginSpan(this.plane.tracer);
  }

  leave(): void {
    this.#admission?.budget.leave(this.#admission);
    this.#admission = undefined;
  }

  /** Judged once: a second draw would sample more than was configured. */
  #beginSpan(tracer: Tracer): void {
    if (this.#isJudged || UNTRACED.has(this.route)) return;
    this.#isJudged = true;
    const { method = '', headers } = this.#request;
    const { tracestate } = headers;
    this.#span = tracer.request({
      name: `${method} ${this.route}`,
      parent: readTraceParent(headers.traceparent),
      state: typeof tracestate === 'string' ? tracestate : undefined,
      isAuthenticated: this.caller !== undefined,
      startedAt: this.startedAt,
    });
    if (!this.#span) return;
    const { traceId, traceparent } = this.#span;
    this.#trace = { traceId, span: this.#span };
    this.headers = [...this.headers, 'traceresponse', traceparent];
  }

  /** With the answer. The span of a request whose caller is not known begins only here, dated back. */
  endSpan(status: number): void {
    const { tracer, name } = this.plane;
    if (!tracer) return;
    this.#beginSpan(tracer);
    if (!this.#span) return;
    this.#span.set({
      'http.request.method': this.#request.method ?? '',
      'http.route': this.route,
      'http.response.status_code': status,
      'keyward.plane': name,
      'keyward.request_id': this.requestId,
      ...(this.caller === undefined ? {} : { 'keyward.caller': this.caller }),
      ...(this.error instanceof KeywardError ? { 'keyward.problem': this.error.code } : {}),
    });
    this.#span.end(status >= 500 ? this.error : undefined);
  }
}

/** Asked every few seconds by machines that want to know nothing else. */
const UNTRACED: ReadonlySet<string> = new Set([
  '/healthz',
  '/readyz',
  '/readyz/sign',
  '/readyz/verify',
  '/metrics',
]);

const ID_BYTES = 16;
const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/;

const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

/** The caller's `X-Request-Id` where it is fit for logs, else 16 random bytes as base64url. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && ACCEPTABLE.test(header) ? header : makeRequestId();
}

/** Random bytes are drawn for many ids at once: a draw costs more than all else here. */
function makeRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('base64url', used - ID_BYTES, used);
}

export type ApiRequest = Request<Record<string, string>>;
export type ApiResponse = Response<unknown, Exchange>;
export type Handler = (request: ApiRequest, response: ApiResponse) => Promise<void> | void;
