import { expect, it } from 'vitest';
import type { IssuedHours } from '../../../src/kernel/ledger-search.ts';
import type { Severity } from '../../../src/kernel/security-event-types.ts';
import type { EventQuery, TrackedEvent } from '../../../src/kernel/security-events.ts';
import { compileReview } from '../../../src/reviews/compile.ts';

const START = 1_800_000_000;

function tracked(sequence: number, changes: Partial<TrackedEvent>): TrackedEvent {
  return {
    sequence,
    raisedAt: START + sequence,
    type: 'ledger.disk',
    severity: 'info',
    dedupKey: `${sequence}`,
    subject: 'disk:database',
    evidence: {},
    state: 'open',
    acknowledged: null,
    resolved: null,
    ...changes,
  };
}

const NOTHING: IssuedHours = { hours: [], complete: true, countedFrom: 0 };

function reviewing(events: readonly TrackedEvent[], issued: Partial<IssuedHours> = {}, since = START) {
  const fits = (
    event: TrackedEvent,
    { state, type, severity, from = 0, to = Number.MAX_VALUE }: EventQuery,
  ) =>
    (state === undefined || event.state === state) &&
    (type === undefined || event.type === type) &&
    (severity === undefined || event.severity === severity) &&
    event.raisedAt >= from &&
    event.raisedAt <= to;
  const count = (state: TrackedEvent['state'], severity: Severity) =>
    events.filter((event) => event.state === state && event.severity === severity).length;
  const counts = (state: TrackedEvent['state']) => ({
    info: count(state, 'info'),
    warning: count(state, 'warning'),
    critical: count(state, 'critical'),
  });
  return compileReview(
    {
      audit: { witnessedAfter: async () => [] },
      events: {
        list: async (query, { limit }) =>
          events
            .filter((event) => fits(event, query))
            .toReversed()
            .slice(0, limit),
        countUnresolved: async () => ({ open: counts('open'), acknowledged: counts('acknowledged') }),
      },
      issued: { between: async () => ({ ...NOTHING, ...issued }) },
      since,
    },
    { until: START, event: 0 },
    START + 1_000,
  );
}

it('lists what is not resolved, the worst first, then what nobody has taken up, then the latest', async () => {
  const { review } = await reviewing([
    tracked(1, { severity: 'critical', state: 'acknowledged' }),
    tracked(2, { severity: 'critical' }),
    tracked(3, { severity: 'critical', state: 'resolved' }),
    tracked(4, { severity: 'warning' }),
    tracked(5, { severity: 'warning' }),
    tracked(6, {}),
  ]);
  expect(review.unresolved.listed.map(({ sequence }) => sequence)).toEqual([2, 1, 5, 4, 6]);
  expect([review.unresolved.more, review.unresolved.counts.open.warning]).toEqual([0, 2]);
  expect(review.ledgerCountedFrom).toBeNull();
});

it('lists twenty, and counts the others', async () => {
  const { review } = await reviewing(Array.from({ length: 25 }, (_, n) => tracked(n + 1, {})));
  expect([review.unresolved.listed.length, review.unresolved.more]).toEqual([20, 5]);
});

it('names new sources of the period alone, also where the evidence was erased', async () => {
  const type = 'client.new_source';
  const evidence = { caller: 'client:web', network: '10.1.2.0/24' };
  const { review } = await reviewing([
    tracked(1, { type, evidence, raisedAt: START - 1 }),
    tracked(2, { type, evidence }),
    tracked(3, { type, evidence: null, subject: 'client:mail', state: 'resolved' }),
  ]);
  expect(review.newSources).toEqual({
    listed: [
      { caller: 'client:mail', network: '-', event: 3, at: START + 3 },
      { caller: 'client:web', network: '10.1.2.0/24', event: 2, at: START + 2 },
    ],
    more: 0,
  });
});

it('compares with nothing that was not counted', async () => {
  const [first] = [Math.floor(START / 3_600)];
  const hours = [
    { client: 'web', scope: 'payments', hour: first, tokens: 100 },
    { client: 'web', scope: 'payments', hour: first - 1, tokens: 10 },
  ];
  const whole = await reviewing([], { hours }, 0);
  expect(whole.review.volume.listed).toEqual([{ client: 'web', scope: 'payments', tokens: 100, before: 10 }]);
  const part = await reviewing([], { hours, complete: false, countedFrom: START }, 0);
  expect(part.review.volume.listed).toEqual([
    { client: 'web', scope: 'payments', tokens: 100, before: null },
  ]);
  expect(part.review.ledgerCountedFrom).toBe(START);
});

it('counts what clients were issued, and not what Keyward sends verifiers', async () => {
  const first = Math.floor(START / 3_600);
  const [usual, odd] = [first - 3 * 168 + 5, first];
  const of = (client: string) => [
    { client, scope: 'payments', hour: usual, tokens: 1 },
    { client, scope: 'payments', hour: odd, tokens: 100 },
  ];
  const { review } = await reviewing([], { hours: [...of('keyward:probe'), ...of('web')] }, 0);
  expect(review.volume).toEqual({
    listed: [{ client: 'web', scope: 'payments', tokens: 100, before: 0 }],
    more: 0,
  });
  expect(review.oddHours).toEqual({
    listed: [{ client: 'web', scope: 'payments', at: odd * 3_600, tokens: 100 }],
    more: 0,
  });
});
