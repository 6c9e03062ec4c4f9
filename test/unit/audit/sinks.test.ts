import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SinkChange } from '../../../src/audit/sink-line.ts';
import { Sinks } from '../../../src/audit/sinks.ts';
import { MemorySink } from '../../support/memory-sink.ts';

const EVENT = {
  type: 'grant.added',
  actor: 'alice',
  subject: 'client:web',
  requestId: 'req-1',
  details: { scope: 'payments' },
};
const INTENT = { kind: 'intent', time: 1_800_000_000, event: EVENT };
const DEADLINE_MS = 2_000;

function sinksOf(...sinks: MemorySink[]) {
  const told: string[] = [];
  const watch = {
    failed: (sink: string, cause: unknown) => told.push(`${sink} failed: ${(cause as Error).message}`),
    recovered: (sink: string) => told.push(`${sink} works`),
    changed: (sink: string, { why }: SinkChange) => told.push(`${sink} changed: ${why}`),
  };
  const clock = { nowSeconds: () => 1_800_000_000 };
  return { gate: new Sinks({ sinks, deadlineMs: DEADLINE_MS, clock, watch }), told };
}

describe('the gate before what weakens', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is open once one sink holds the intent', async () => {
    const [works, fails] = [new MemorySink('a'), new MemorySink('b')];
    fails.mode = 'fails';
    const { gate, told } = sinksOf(works, fails);
    await gate.confirm(EVENT);
    expect(works.entries).toEqual([INTENT]);
    expect(told).toEqual(['b failed: disk full']);
  });

  it('is open where somebody changed the sink before, which is told', async () => {
    const sink = new MemorySink('a');
    sink.change = { kind: 'lost', why: 'deleted', reach: { sequence: 0, checkpointNumber: 0 } };
    const { gate, told } = sinksOf(sink);
    await gate.confirm(EVENT);
    expect([sink.entries, told]).toEqual([[INTENT], ['a changed: deleted']]);
  });

  it('is shut where none does, and says so with a code', async () => {
    const sink = new MemorySink('a');
    sink.mode = 'fails';
    const { gate, told } = sinksOf(sink);
    await expect(gate.confirm(EVENT)).rejects.toMatchObject({ code: 'audit_sink_unavailable' });
    await expect(gate.confirm(EVENT)).rejects.toMatchObject({ code: 'audit_sink_unavailable' });
    expect(told).toEqual(['a failed: disk full']);
    sink.mode = 'works';
    await gate.confirm(EVENT);
    expect(told).toEqual(['a failed: disk full', 'a works']);
  });

  it('waits for a sink that hangs no longer than its deadline, and not at all the next time', async () => {
    const sink = new MemorySink('a');
    sink.mode = 'hangs';
    const { gate } = sinksOf(sink);
    const refused = expect(gate.confirm(EVENT)).rejects.toMatchObject({ code: 'audit_sink_unavailable' });
    await vi.advanceTimersByTimeAsync(DEADLINE_MS);
    await refused;
    expect(sink.resets).toBe(1);
    await expect(gate.confirm(EVENT)).rejects.toMatchObject({ code: 'audit_sink_unavailable' });
    expect(vi.getTimerCount()).toBe(0);
    sink.release();
    await vi.advanceTimersByTimeAsync(0);
    await gate.confirm(EVENT);
    expect(sink.entries).toEqual([INTENT, INTENT]);
  });
});
