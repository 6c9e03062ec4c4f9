import { expect, it } from 'vitest';
import type { StoredEvent } from '../../../src/kernel/audit.ts';
import { readTrail } from '../../../src/reviews/trail.ts';

const START = 1_800_000_000;
const DAY = 86_400;

function event(sequence: number, changes: Partial<StoredEvent> & { details?: object } = {}): StoredEvent {
  const { details = {}, ...others } = changes;
  return {
    sequence,
    time: START + sequence,
    type: 'scope.changed',
    actor: 'ada',
    subject: 'scope:payments',
    requestId: null,
    traceId: null,
    detailsJson: JSON.stringify(details),
    hash: new Uint8Array(32),
    ...others,
  };
}

function reading(events: readonly StoredEvent[], { now = START + DAY, after = 0 } = {}) {
  const witnessedAfter = async (sequence: number, limit: number) =>
    events.filter((each) => each.sequence > sequence).slice(0, limit);
  return readTrail({ witnessedAfter }, { until: START, event: after }, now);
}

it('tells acts of people by type, with who did them, and leaves out what the service does by itself', async () => {
  const { period, trail } = await reading([
    event(1),
    event(2, { actor: 'bob' }),
    event(3, { type: 'key.rotated', actor: 'keyward' }),
    event(4, { type: 'client.revoked' }),
  ]);
  expect(period).toEqual({ from: START, to: START + DAY, firstEvent: 1, lastEvent: 4, more: false });
  expect(trail.acts()).toEqual([
    { type: 'scope.changed', count: 2, by: ['ada', 'bob'], lastAt: START + 2 },
    { type: 'client.revoked', count: 1, by: ['ada'], lastAt: START + 4 },
  ]);
  expect([...trail.actsBy()]).toEqual([
    ['ada', 2],
    ['bob', 1],
  ]);
});

it('sums denied attempts by who, what and why, and names some of the places', async () => {
  const login = (count: number, remotes: string[]) => ({
    type: 'login.refused',
    actor: 'unknown',
    subject: 'plane:data',
    details: { code: 'credential_invalid', count, remotes },
  });
  const act = { code: 'grant_missing', count: 4, remotes: ['10.0.0.1'] };
  const { trail } = await reading([
    event(1, login(1, ['10.0.0.1', '10.0.0.2'])),
    event(2, {
      type: 'act.refused',
      actor: 'client:web',
      subject: 'POST /v1/scopes/{scope}/tokens',
      details: act,
    }),
    event(3, login(30, ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'])),
  ]);
  expect(trail.denied()).toEqual([
    {
      caller: null,
      what: 'plane:data',
      code: 'credential_invalid',
      count: 31,
      remotes: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'],
    },
    {
      caller: 'client:web',
      what: 'POST /v1/scopes/{scope}/tokens',
      code: 'grant_missing',
      count: 4,
      remotes: ['10.0.0.1'],
    },
  ]);
  expect(trail.acts()).toEqual([]);
});

it('names who was enrolled, the latest first, with who approved it', async () => {
  const { trail } = await reading([
    event(1, { type: 'client.created', subject: 'client:web', details: { approved_by: 'bob' } }),
    event(2, { type: 'operator.created', subject: 'operator:carol' }),
  ]);
  expect(trail.newCallers()).toEqual([
    { caller: 'operator:carol', at: START + 2, by: 'ada', approvedBy: null },
    { caller: 'client:web', at: START + 1, by: 'ada', approvedBy: 'bob' },
  ]);
});

it('begins behind what was covered', async () => {
  const { period, trail } = await reading([event(1), event(2), event(3)], { after: 2 });
  expect([period.firstEvent, period.lastEvent, trail.acts()[0]?.count]).toEqual([3, 3, 1]);
  expect((await reading([event(1)], { after: 1 })).period).toMatchObject({ firstEvent: 2, lastEvent: 1 });
});

it('goes no further than 35 days, and leaves the rest to the next review', async () => {
  const events = [event(1), event(2, { time: START + 35 * DAY }), event(3, { time: START + 35 * DAY + 1 })];
  const { period } = await reading(events, { now: START + 60 * DAY });
  expect(period).toEqual({ from: START, to: START + 35 * DAY, firstEvent: 1, lastEvent: 2, more: true });
  const exactly = await reading(events.slice(0, 2), { now: START + 35 * DAY });
  expect(exactly.period).toMatchObject({ to: START + 35 * DAY, more: false });
});

it('goes no further than 20,000 events', async () => {
  const many = Array.from({ length: 20_001 }, (_, n) => event(n + 1));
  const { period, trail } = await reading(many);
  expect(period).toEqual({ from: START, to: START + 20_000, firstEvent: 1, lastEvent: 20_000, more: true });
  expect(trail.acts()[0]?.count).toBe(20_000);
  const all = await reading(many.slice(0, 20_000));
  expect(all.period).toMatchObject({ lastEvent: 20_000 });
});
