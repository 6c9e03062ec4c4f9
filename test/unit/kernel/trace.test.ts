import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  readTraceParent,
  type Span,
  traceIdBytes,
  traceIdText,
  untilDone,
} from '../../../src/kernel/trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const HEADER = `00-${TRACE}-${PARENT}-01`;

describe('traceparent', () => {
  it.each([
    ['00', false],
    ['01', true],
    ['02', false],
    ['03', true],
    ['ff', true],
  ])('with the flags %s is read', (flags, isSampled) => {
    expect(readTraceParent(`00-${TRACE}-${PARENT}-${flags}`)).toEqual({
      traceId: TRACE,
      spanId: PARENT,
      isSampled,
    });
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['two headers', `${HEADER}, ${HEADER}`],
    ['a list', [HEADER]],
    ['no trace', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['no parent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', HEADER.toUpperCase()],
    ['another version', `01${HEADER.slice(2)}`],
    ['the version that there is not', `ff${HEADER.slice(2)}`],
    ['more behind it', `${HEADER}-00`],
    ['a line break at its end', `${HEADER.slice(0, -1)}\n`],
    ['a space before it', ` ${HEADER}`],
    ['one digit less', HEADER.slice(0, -1)],
    ['no hex', HEADER.replace('0af7', '0ag7')],
    ['digits of another script', HEADER.replace('0af7', '٠af7')],
  ])('is none with %s', (_what, header) => {
    expect(readTraceParent(header)).toBeUndefined();
  });

  it('is read as what it says, or not at all', () => {
    const hex = (length: number) =>
      fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length });
    const wellFormed = fc
      .tuple(hex(32), hex(16), hex(2))
      .map((parts) => `00-${parts.map((part) => part.join('')).join('-')}`);
    fc.assert(
      fc.property(fc.oneof(wellFormed, fc.string({ unit: 'binary', maxLength: 80 })), (header) => {
        const read = readTraceParent(header);
        if (!read) return;
        expect(header.startsWith(`00-${read.traceId}-${read.spanId}-`)).toBe(true);
        expect([read.traceId, read.spanId].some((id) => /^0*$/.test(id))).toBe(false);
        expect(traceIdText(traceIdBytes(read.traceId))).toBe(read.traceId);
      }),
      { numRuns: 500 },
    );
  });
});

describe('untilDone', () => {
  const span = () => ({ end: vi.fn() }) as unknown as Span & { end: ReturnType<typeof vi.fn> };

  it('without a span is the very promise', () => {
    const work = Promise.resolve(1);
    expect(untilDone(undefined, work)).toBe(work);
  });

  it('ends the span with the work, and answers what it answers', async () => {
    const of = span();
    expect(await untilDone(of, Promise.resolve(1))).toBe(1);
    expect(of.end.mock.calls).toEqual([[]]);
  });

  it('ends it with what went wrong', async () => {
    const of = span();
    const error = new Error('away');
    await expect(untilDone(of, Promise.reject(error))).rejects.toBe(error);
    expect(of.end.mock.calls).toEqual([[error]]);
  });
});
