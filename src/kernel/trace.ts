/** What a caller says of the trace that its request belongs to (W3C Trace Context, version 00). */
export interface TraceParent {
  /** 32 lower-case hex digits, not all of them 0. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

const LENGTH = 55;
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = 1;

/** Undefined for whatever is no `traceparent`: the request is then one without. */
export function readTraceParent(header: string | readonly string[] | undefined): TraceParent | undefined {
  if (typeof header !== 'string' || header.length !== LENGTH) return undefined;
  const [, traceId, spanId, flags = ''] = TRACEPARENT.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** `trace_id` bytes as the ledger keeps them, and as everybody else writes them. */
export function traceIdBytes(traceId: string | null): Buffer | null {
  return traceId === null ? null : Buffer.from(traceId, 'hex');
}

export function traceIdText(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

/** The steps that a request is traced by. */
export type StepName =
  | 'issue_token'
  | 'check_policy'
  | 'sign'
  | 'wait_for_signer'
  | 'check_signature'
  | 'record'
  | 'wait_for_writer'
  | 'verify_token'
  | 'look_up_record';

/** A step that is timed. Nothing of a token, its claims, a person or a credential goes into it. */
export interface Span {
  readonly traceId: string;
  /** For what is sent on: it names this span as the parent. */
  readonly traceparent: string;
  begin(step: StepName): Span;
  set(attributes: Readonly<Record<string, string | number | boolean>>): void;
  /** With what went wrong, if anything did; of that the code alone is told. Called once. */
  end(error?: unknown): void;
}

/** The trace that a request belongs to. */
export interface RequestTrace {
  readonly traceId: string;
  /** Of what is recorded now; undefined where the request is not sampled. */
  readonly span?: Span | undefined;
}

/** What begins traces. Where tracing is off there is none, and nothing of it is loaded. */
export interface Tracer {
  /** Undefined where the request is not sampled. */
  request(request: TracedRequest): Span | undefined;
  /** For what the service sends by itself: `undefined` where it is not sampled. */
  outgoing(name: 'webhook' | 'probe'): Span | undefined;
}

export interface TracedRequest {
  /** Such as `POST /v1/scopes/{scope}/tokens`. */
  readonly name: string;
  readonly parent: TraceParent | undefined;
  /** The `tracestate` that came with it. */
  readonly state: string | undefined;
  /** Whether the caller is known: nobody else has requests traced by asking for it. */
  readonly isAuthenticated: boolean;
  /** By `performance.now()`. */
  readonly startedAt: number;
}

/** The same promise, with the end of the span at its end. Without a span it costs nothing. */
export function untilDone<T>(span: Span | undefined, work: Promise<T>): Promise<T> {
  return span ? ending(span, work) : work;
}

async function ending<T>(span: Span, work: Promise<T>): Promise<T> {
  try {
    const result = await work;
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}
