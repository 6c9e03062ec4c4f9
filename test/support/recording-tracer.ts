import type { Span, Tracer } from '../../src/kernel/trace.ts';

interface EndedSpan {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly error: unknown;
}

export const RECORDED_PARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

/** Samples everything, and keeps what has ended. */
export function recordingTracer(): { readonly tracer: Tracer; readonly ended: readonly EndedSpan[] } {
  const ended: EndedSpan[] = [];
  const begin = (name: string): Span => {
    const attributes: Record<string, unknown> = {};
    return {
      traceId: 'a'.repeat(32),
      traceparent: RECORDED_PARENT,
      begin,
      set: (further) => void Object.assign(attributes, further),
      end: (error) => void ended.push({ name, attributes, error }),
    };
  };
  return { tracer: { request: ({ name }) => begin(name), outgoing: begin }, ended };
}
