import {
  type Context,
  createTraceState,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { KeywardError } from '../kernel/errors.ts';
import type { Span, StepName, TracedRequest, Tracer } from '../kernel/trace.ts';
import type { Sampling } from './sampling.ts';

export function createTracer(tracer: OtelTracer, sampling: Sampling): Tracer {
  return {
    request(request) {
      if (!sampling.isSampled(request)) return undefined;
      const clock = monotonicClock();
      const options = { kind: SpanKind.SERVER, startTime: clock(request.startedAt) };
      return new TimedSpan(tracer, tracer.startSpan(request.name, options, contextOf(request)), clock);
    },
    outgoing(name) {
      if (!sampling.draw()) return undefined;
      const clock = monotonicClock();
      const options = { kind: SpanKind.CLIENT, startTime: clock() };
      return new TimedSpan(tracer, tracer.startSpan(name, options, ROOT_CONTEXT), clock);
    },
  };
}

/** Vendors and their members; more is no `tracestate` (W3C Trace Context §3.3). */
const LONGEST_STATE = 512;

function contextOf({ parent, state }: TracedRequest): Context {
  if (!parent) return ROOT_CONTEXT;
  const { traceId, spanId, isSampled } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined || state.length > LONGEST_STATE ? {} : { traceState: createTraceState(state) }),
  });
}

/** Epoch milliseconds; within one trace a wall clock that is put right changes no duration. */
type Clock = (monotonicMs?: number) => number;

function monotonicClock(): Clock {
  const offset = Date.now() - performance.now();
  return (monotonicMs = performance.now()) => offset + monotonicMs;
}

class TimedSpan implements Span {
  readonly traceId: string;
  readonly traceparent: string;
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;
  readonly #clock: Clock;
  readonly #context: Context;

  constructor(tracer: OtelTracer, span: OtelSpan, clock: Clock) {
    const { traceId, spanId } = span.spanContext();
    this.traceId = traceId;
    this.traceparent = `00-${traceId}-${spanId}-01`;
    this.#tracer = tracer;
    this.#span = span;
    this.#clock = clock;
    this.#context = trace.setSpan(ROOT_CONTEXT, span);
  }

  begin(step: StepName): Span {
    const options = { kind: SpanKind.INTERNAL, startTime: this.#clock() };
    return new TimedSpan(this.#tracer, this.#tracer.startSpan(step, options, this.#context), this.#clock);
  }

  set(attributes: Readonly<Record<string, string | number | boolean>>): void {
    this.#span.setAttributes(attributes);
  }

  end(error?: unknown): void {
    if (error !== undefined) {
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
      this.#span.setAttribute('error.type', error instanceof KeywardError ? error.code : 'internal');
    }
    this.#span.end(this.#clock());
  }
}
