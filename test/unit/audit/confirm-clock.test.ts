import { expect, it } from 'vitest';
import { createClockConfirmation } from '../../../src/audit/clock.ts';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;
const DOUBT = {
  kind: 'ahead_of_checkpoint',
  wall: NOW - 600,
  expected: NOW - 33 * DAY,
  since: NOW - 600,
} as const;
const BY_ALICE = {
  operatorId: 'alice',
  requestId: 'req-1',
  approval: { proposalId: 'p1', approvedBy: 'bob' },
};

function bench(doubt: typeof DOUBT | null = DOUBT) {
  const steps: (string | AuditEvent)[] = [];
  const state = { sinkAway: false };
  const confirmation = createClockConfirmation({
    watch: { doubt: () => doubt ?? undefined, confirm: () => void steps.push('believed') },
    sinks: {
      async confirm() {
        if (state.sinkAway) throw new KeywardError('audit_sink_unavailable', 'away');
        steps.push('sink');
      },
    },
    audit: { record: async (event) => void steps.push(event) },
    clock: { nowSeconds: () => NOW },
    seal: async () => void steps.push('sealed'),
  });
  return { confirmation, steps, state };
}
const code = (expected: string) => expect.objectContaining({ code: expected });

it('shows what is doubted and which time would be believed', () => {
  expect(bench().confirmation.describe(NOW)).toEqual({
    before: {
      trusted: false,
      why: 'ahead_of_checkpoint',
      expected: '2026-12-13T08:00:00.000Z',
      doubted_since: '2027-01-15T07:50:00.000Z',
    },
    after: { trusted: true, time: '2027-01-15T08:00:00.000Z' },
  });
});

it.each([
  ['as long before the doubt as clocks may be read apart', NOW - 600 - 120, true],
  ['further before the doubt', NOW - 600 - 121, false],
  ['as much later', NOW + 120, true],
  ['further later', NOW + 121, false],
  ['40 days earlier', NOW - 40 * DAY, false],
])('another clock that shows a time %s agrees: %#', (_, time, agrees) => {
  const described = () => bench().confirmation.describe(time);
  if (agrees) expect(described().after).toMatchObject({ trusted: true });
  else expect(described).toThrow(code('clock_disagrees'));
});

it('a sink and the audit trail have it before it counts; a checkpoint follows', async () => {
  const { confirmation, steps } = bench();
  const told = {
    was: 'ahead_of_checkpoint',
    wall: NOW,
    expected: NOW - 33 * DAY,
    time: NOW - 5,
    reason: 'long stop',
  };
  expect(await confirmation.confirm({ time: NOW - 5, reason: 'long stop' }, BY_ALICE)).toEqual(told);
  expect(steps).toEqual([
    'sink',
    {
      type: 'clock.confirmed',
      actor: 'alice',
      subject: 'clock',
      requestId: 'req-1',
      details: { ...told, proposal: 'p1', approved_by: 'bob' },
    },
    'believed',
    'sealed',
  ]);
});

it('is not believed while no sink confirms', async () => {
  const { confirmation, steps, state } = bench();
  state.sinkAway = true;
  await expect(confirmation.confirm({ time: NOW, reason: 'x' }, BY_ALICE)).rejects.toEqual(
    code('audit_sink_unavailable'),
  );
  expect(steps).toEqual([]);
});

it('there is nothing to confirm of a clock that is trusted', async () => {
  const { confirmation, steps } = bench(null);
  expect(() => confirmation.describe(NOW)).toThrow(code('clock_trusted'));
  await expect(confirmation.confirm({ time: NOW, reason: 'x' }, BY_ALICE)).rejects.toEqual(
    code('clock_trusted'),
  );
  expect(steps).toEqual([]);
});
