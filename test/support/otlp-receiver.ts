import { type Reaction, receiveWebhooks } from './webhook-receiver.ts';

type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span as a collector has it. */
export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly traceState: string | undefined;
  readonly attributes: Attributes;
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly boolValue?: boolean;
}
interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

/** A collector on loopback that takes OTLP/HTTP with JSON. */
export async function receiveOtlp(tls?: Parameters<typeof receiveWebhooks>[0]) {
  const { received, url, ...receiver } = await receiveWebhooks(tls);
  const bodies = (path: string) =>
    received.filter((each) => each.url === path).map(({ body }) => JSON.parse(body));
  return {
    ...receiver,
    received,
    endpoint: new URL(url).origin,
    always: (reaction: Reaction) => receiver.always(reaction),
    spans: (): ReceivedSpan[] =>
      bodies('/v1/traces')
        .flatMap(({ resourceSpans }) => resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map(spanOf),
    /** Of the last time that they were sent, by name. */
    metrics: (): ReadonlyMap<string, Record<string, unknown>> =>
      new Map(
        (bodies('/v1/metrics').at(-1)?.resourceMetrics ?? [])
          // biome-ignore lint/suspicious/noExplicitAny: OTLP as it came
          .flatMap((resource: any) => resource.scopeMetrics.flatMap((scope: any) => scope.metrics))
          .map((metric: { name: string }) => [metric.name, metric]),
      ),
    resource: (): Attributes =>
      attributesOf(bodies('/v1/traces')[0]?.resourceSpans[0].resource.attributes ?? []),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: OTLP as it came
function spanOf(span: any): ReceivedSpan {
  return {
    name: span.name,
    kind: span.kind,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    isError: span.status.code === 2,
    traceState: span.traceState,
    attributes: attributesOf(span.attributes),
  };
}

function attributesOf(attributes: readonly OtlpAttribute[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, boolValue } }) => [
      key,
      stringValue ?? intValue ?? boolValue ?? '',
    ]),
  );
}
