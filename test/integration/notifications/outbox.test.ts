import { describe, expect, it } from 'vitest';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import type { NotificationDelivery, PlannedDelivery } from '../../../src/notifications/delivery.ts';
import { heldTime } from '../../support/held-time.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const ADA = { operatorId: 'ada', requestId: null };
const planned = (eventSequence: number, further: Partial<PlannedDelivery> = {}): PlannedDelivery => ({
  kind: 'event',
  eventSequence,
  type: 'report.received',
  severity: 'warning',
  route: 'default',
  target: 'hook',
  contactsOf: null,
  mostPerWindow: 100,
  ...further,
});

async function opened() {
  const time = heldTime(1_760_000_000);
  const { store } = await openTestStore({ clock: time.clock });
  const { notifications: outbox, securityEvents } = store;
  const record = (deliveries: readonly PlannedDelivery[], place = 1) =>
    outbox.record({ place, deliveries, awaited: [], takenUp: [] });
  const listed = async () => await outbox.list({}, { limit: 1_000 });
  return { time, outbox, securityEvents, record, listed, now: () => time.clock.nowSeconds() };
}

describe('the outbox', () => {
  it('knows its place once it was told one', async () => {
    const { outbox, record } = await opened();
    expect(await outbox.place()).toBeUndefined();
    await record([], 7);
    await record([], 9);
    expect(await outbox.place()).toBe(9);
  });

  it('takes the same delivery once, however often it is told, and another for each recipient and kind', async () => {
    const { record, listed } = await opened();
    const several = [
      planned(1),
      planned(1, { contactsOf: 'payments' }),
      planned(1, { kind: 'escalation' }),
      planned(1, { target: 'mail' }),
    ];
    await record(several);
    await record(several);
    const ids = (await listed()).map(({ messageId }) => messageId);
    expect([ids.length, new Set(ids).size]).toEqual([4, 4]);
  });

  it('gives what is due, critical ones first, then the oldest', async () => {
    const { record, outbox, time, now } = await opened();
    await record([planned(1)]);
    time.pass(1);
    await record([planned(2), planned(3, { severity: 'critical' }), planned(4, { target: 'other' })]);
    const due = await outbox.due('hook', now(), 9);
    expect(due.map(({ eventSequence }) => eventSequence)).toEqual([3, 1, 2]);
    expect(await outbox.due('hook', now() - 1, 9)).toHaveLength(1);
    expect(await outbox.due('hook', now(), 1)).toHaveLength(1);
  });

  const told = (of: readonly NotificationDelivery[]) =>
    of.map(({ kind, severity, eventSequence, lastSequence, events, types }) => [
      kind,
      severity,
      [eventSequence, lastSequence, events],
      types,
    ]);

  it('sums up what is above the limit of a window, and begins anew behind it', async () => {
    const { record, listed, time, outbox, now } = await opened();
    const few = { mostPerWindow: 2 };
    await record([1, 2, 3, 4].map((sequence) => planned(sequence, few)));
    await record([planned(5, { ...few, type: 'drill.overdue' }), planned(6, few)]);
    expect(told(await listed())).toEqual([
      ['summary', 'warning', [3, 6, 4], ['report.received', 'drill.overdue']],
      ['event', 'warning', [2, 2, 1], ['report.received']],
      ['event', 'warning', [1, 1, 1], ['report.received']],
    ]);
    expect(await outbox.due('hook', now(), 9)).toHaveLength(2);
    time.pass(600);
    await record([planned(7, few)]);
    expect((await listed())[0]).toMatchObject({ kind: 'event', eventSequence: 7 });
    expect(await outbox.due('hook', now(), 9)).toHaveLength(4);
  });

  it('tells what is critical at once and by itself, whatever else came before it', async () => {
    const { record, outbox, now } = await opened();
    const byMail = { mostPerWindow: 30 };
    const warnings = Array.from({ length: 31 }, (_, at) => planned(at + 1, byMail));
    for (const warning of warnings) await record([warning]);
    await record([planned(32, { ...byMail, type: 'canary.touched', severity: 'critical' })]);
    const [first, ...others] = await outbox.due('hook', now(), 99);
    expect(told(first ? [first] : [])).toEqual([['event', 'critical', [32, 32, 1], ['canary.touched']]]);
    expect(others).toHaveLength(30);
    expect((await outbox.list({}, { limit: 2 }))[1]).toMatchObject({ kind: 'summary', eventSequence: 31 });
  });

  it('sums up what is critical at once and once a minute, by the names of the types', async () => {
    const { record, outbox, time, now } = await opened();
    const critical = (sequence: number, type: string) =>
      planned(sequence, { mostPerWindow: 1, severity: 'critical', type });
    const summaries = async () =>
      told((await outbox.due('hook', now(), 9)).filter(({ kind }) => kind === 'summary'));
    const first = ['summary', 'critical', [2, 3, 2], ['canary.touched', 'clock.jump']];
    await record([
      critical(1, 'clock.jump'),
      critical(2, 'canary.touched'),
      critical(3, 'clock.jump'),
      planned(4, { mostPerWindow: 1 }),
    ]);
    expect(await summaries()).toEqual([first]);
    await record([critical(5, 'key.missing')]);
    time.pass(59);
    await record([critical(6, 'key.missing')]);
    expect(await summaries()).toEqual([first]);
    time.pass(1);
    expect(await summaries()).toEqual([first, ['summary', 'critical', [5, 6, 2], ['key.missing']]]);
  });

  it('forgets what was settled long ago, and gives up what waits for too long', async () => {
    const { record, listed, outbox, now, time } = await opened();
    await record([1, 2, 3].map((sequence) => planned(sequence)));
    await outbox.settle([
      { id: 1, outcome: { state: 'delivered', note: null } },
      { id: 2, outcome: { state: 'dead', error: 'no' } },
    ]);
    time.pass(10);
    const kept = {
      pendingSince: now() - 10,
      deliveredBefore: now() - 10,
      deadBefore: now() - 10,
      mostDead: 9,
    };
    const left = async (changes: object) => {
      expect(await outbox.tidy({ ...kept, ...changes })).toBe(false);
      return (await listed()).map(({ id, state }) => [id, state]);
    };
    expect(await left({})).toEqual([
      [3, 'pending'],
      [2, 'dead'],
      [1, 'delivered'],
    ]);
    expect(await left({ deliveredBefore: now() })).toEqual([
      [3, 'pending'],
      [2, 'dead'],
    ]);
    expect(await left({ pendingSince: now() })).toEqual([
      [3, 'dead'],
      [2, 'dead'],
    ]);
    expect((await listed())[0]?.lastError).toBe('not delivered in time');
    expect(await left({ mostDead: 1 })).toEqual([[3, 'dead']]);
    time.pass(1);
    expect(await left({ deadBefore: now() })).toEqual([]);
  });

  it('sums up what is above ten thousand that wait for one target', async () => {
    const { record, outbox } = await opened();
    const many = Array.from({ length: 10_001 }, (_, at) => planned(at + 1, { mostPerWindow: 100_000 }));
    await record(many.slice(0, 9_000));
    await record(many.slice(9_000));
    expect((await outbox.counts()).pending).toEqual({ hook: 10_001 });
    expect((await outbox.list({}, { limit: 1 }))[0]).toMatchObject({ kind: 'summary', events: 1 });
  });

  it('counts what waits and what was given up, by target', async () => {
    const { record, outbox } = await opened();
    await record([planned(1), planned(2), planned(3, { target: 'mail' })]);
    await outbox.settle([{ id: 2, outcome: { state: 'dead', error: 'no' } }]);
    expect(await outbox.counts()).toEqual({ pending: { hook: 1, mail: 1 }, dead: { hook: 1 } });
    await outbox.abandonOthers(['hook']);
    expect(await outbox.counts()).toEqual({ pending: { hook: 1 }, dead: { hook: 1, mail: 1 } });
    await outbox.abandonOthers([]);
    expect(await outbox.counts()).toEqual({ pending: {}, dead: { hook: 2, mail: 1 } });
  });

  it('takes the same delivery once where one step tells it twice', async () => {
    const { record, listed } = await opened();
    await record([planned(1), planned(1), planned(2)]);
    expect((await listed()).map(({ eventSequence, attempts }) => [eventSequence, attempts])).toEqual([
      [2, 0],
      [1, 0],
    ]);
  });
});

describe('what is to be acknowledged', () => {
  const critical = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 });
  const awaited = (eventSequence: number, dueAt: number) => ({ eventSequence, route: 'on-call', dueAt });

  it('waits at the last of its routes where one step names two', async () => {
    const { outbox, now } = await opened();
    const twice = [awaited(1, now() - 2), { ...awaited(1, now() - 1), route: 'managers' }];
    await outbox.record({ place: 1, deliveries: [], awaited: twice, takenUp: [] });
    expect(await outbox.unacknowledged(now(), 10)).toEqual([twice[1]]);
  });

  it('is overdue in time, and goes on only while the event is open', async () => {
    const { outbox, securityEvents, listed, now } = await opened();
    for (const wall of [1, 2]) await securityEvents.raise(critical(wall));
    const [first, second] = [awaited(1, now() + 5), awaited(2, now() + 6)];
    await outbox.record({ place: 1, deliveries: [], awaited: [first, second], takenUp: [] });
    expect(await outbox.unacknowledged(now() + 4, 9)).toEqual([]);
    expect(await outbox.unacknowledged(now() + 5, 9)).toEqual([first]);
    await securityEvents.acknowledge(1, null, ADA);
    await outbox.escalate(first, [planned(1, { kind: 'escalation' })], awaited(1, now() + 9));
    await outbox.escalate(second, [planned(2, { kind: 'escalation' })], awaited(2, now() + 9));
    expect((await listed()).map(({ eventSequence }) => eventSequence)).toEqual([2]);
    expect(await outbox.unacknowledged(now() + 9, 9)).toEqual([awaited(2, now() + 9)]);
    await outbox.record({ place: 2, deliveries: [], awaited: [], takenUp: [2] });
    expect(await outbox.unacknowledged(now() + 9, 9)).toEqual([]);
  });

  it('is bounded: past a thousand, what comes is told and not waited for', async () => {
    const { outbox, now } = await opened();
    const many = Array.from({ length: 1_001 }, (_, at) => awaited(at + 1, now()));
    await outbox.record({ place: 1, deliveries: [], awaited: many, takenUp: [] });
    expect(await outbox.unacknowledged(now(), 2_000)).toHaveLength(1_000);
  });
});
