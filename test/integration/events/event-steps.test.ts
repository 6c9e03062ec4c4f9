import { describe, expect, it } from 'vitest';
import { type EventChange, securityEvent } from '../../../src/kernel/security-events.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { auditEventsIn } from '../../support/store-database.ts';

const NOON = 1_760_000_000;
const ALICE = { operatorId: 'alice', requestId: 'r-1' };
const BOB = { operatorId: 'bob', requestId: null };
const taken = (by: string, note: string | null) => ({ by, at: NOON, note });

const jump = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 });
const unfinished = (concerns: string) =>
  securityEvent('key.change_unfinished', { chore: `rotate ${concerns}`, concerns, failed_at: 1 });
const forged = (digest: string) =>
  securityEvent('token.never_issued', {
    scope: 'mail',
    kid: 'kid-1',
    digest,
    header: {},
    claims: {},
    record: null,
  });

async function service() {
  const { store, file } = await openTestStore();
  const changes: EventChange[] = [];
  store.securityEvents.subscribe((change) => changes.push(change));
  return { events: store.securityEvents, file, changes };
}

describe('a security event', () => {
  it('is open, then acknowledged, then resolved, each step with its audit event', async () => {
    const { events, file } = await service();
    await events.raise(jump(1));
    expect(await events.find(1)).toMatchObject({ state: 'open', acknowledged: null, resolved: null });
    expect(await events.acknowledge(1, null, ALICE)).toEqual({
      ...jump(1),
      sequence: 1,
      raisedAt: NOON,
      state: 'acknowledged',
      acknowledged: taken('alice', null),
      resolved: null,
    });
    const resolved = await events.resolve(1, 'NTP is back', BOB);
    expect(resolved).toMatchObject({
      state: 'resolved',
      acknowledged: taken('alice', null),
      resolved: taken('bob', 'NTP is back'),
    });
    expect(await events.find(1)).toEqual(resolved);
    expect(auditEventsIn(file).slice(1)).toEqual([
      {
        type: 'security_event.acknowledged',
        actor: 'alice',
        subject: 'security_event:1',
        requestId: 'r-1',
        details: { step: 1, note: null },
      },
      {
        type: 'security_event.resolved',
        actor: 'bob',
        subject: 'security_event:1',
        requestId: null,
        details: { step: 2, note: 'NTP is back' },
      },
    ]);
  });

  it('may be resolved without having been acknowledged', async () => {
    const { events } = await service();
    await events.raise(jump(1));
    expect(await events.resolve(1, 'a test', ALICE)).toMatchObject({ state: 'resolved', acknowledged: null });
  });

  it('takes the same step twice for one, and tells of it once', async () => {
    const { events, file, changes } = await service();
    await events.raise(jump(1));
    const both = [events.acknowledge(1, 'on it', ALICE), events.acknowledge(1, 'on it', ALICE)];
    const [first, second] = await Promise.all(both);
    expect(second).toEqual(first);
    const resolved = await events.resolve(1, 'done', ALICE);
    expect(await events.resolve(1, 'done', ALICE)).toEqual(resolved);
    expect(await events.acknowledge(1, null, ALICE)).toEqual(resolved);
    expect(auditEventsIn(file)).toHaveLength(3);
    expect(changes.map(({ was, event }) => [was, event.state])).toEqual([
      [null, 'open'],
      ['open', 'acknowledged'],
      ['acknowledged', 'resolved'],
    ]);
  });

  it('keeps what was said first: another person, or another note, is refused', async () => {
    const { events, file } = await service();
    await events.raise(jump(1));
    await events.acknowledge(1, 'on it', ALICE);
    await expect(events.acknowledge(1, 'on it', BOB)).rejects.toMatchObject({ code: 'event_acknowledged' });
    await expect(events.acknowledge(1, 'again', ALICE)).rejects.toMatchObject({ code: 'event_acknowledged' });
    await events.resolve(1, 'done', ALICE);
    await expect(events.resolve(1, 'done', BOB)).rejects.toMatchObject({ code: 'event_resolved' });
    await expect(events.acknowledge(1, null, BOB)).rejects.toMatchObject({ code: 'event_resolved' });
    expect(auditEventsIn(file)).toHaveLength(3);
  });

  it('must exist', async () => {
    const { events, file } = await service();
    for (const asked of [
      () => events.find(1),
      () => events.acknowledge(1, null, ALICE),
      () => events.resolve(1, 'done', ALICE),
    ]) {
      await expect(asked()).rejects.toMatchObject({ code: 'unknown_event' });
    }
    expect(auditEventsIn(file)).toEqual([]);
  });
});

describe('whoever notifies', () => {
  it('learns of each change once it is durable, in order', async () => {
    const { events, changes } = await service();
    await Promise.all([events.raise(jump(1)), events.raise(jump(1)), events.raise(jump(2))]);
    await events.acknowledge(2, null, ALICE);
    expect(changes.map(({ place, was, event }) => [place, was, event.sequence, event.state])).toEqual([
      [1, null, 1, 'open'],
      [2, null, 2, 'open'],
      [3, 'open', 2, 'acknowledged'],
    ]);
    expect(await events.lastPlace()).toBe(3);
  });

  it('is told nothing of what was refused', async () => {
    const { events, changes } = await service();
    await expect(events.acknowledge(7, null, ALICE)).rejects.toMatchObject({ code: 'unknown_event' });
    expect([changes, await events.lastPlace()]).toEqual([[], 0]);
  });

  it('can catch up after a place, each event as it stands now', async () => {
    const { events } = await service();
    for (const wall of [1, 2]) await events.raise(jump(wall));
    await events.resolve(1, 'done', ALICE);
    const short = async (place: number, limit: number) =>
      (await events.changesAfter(place, limit)).map(({ place, became, event }) => [
        place,
        became,
        event.sequence,
        event.state,
      ]);
    expect(await short(0, 2)).toEqual([
      [1, 'open', 1, 'resolved'],
      [2, 'open', 2, 'open'],
    ]);
    expect(await short(2, 5)).toEqual([[3, 'resolved', 1, 'resolved']]);
    expect(await short(3, 5)).toEqual([]);
  });

  it('can ask how many events wait for somebody', async () => {
    const { events } = await service();
    for (const wall of [1, 2, 3, 4]) await events.raise(jump(wall));
    await events.raise(unfinished('scope:mail'));
    await events.acknowledge(1, null, ALICE);
    await events.resolve(2, 'done', ALICE);
    expect(await events.countUnresolved()).toEqual({
      open: { info: 0, warning: 1, critical: 2 },
      acknowledged: { info: 0, warning: 0, critical: 1 },
    });
  });
});

describe('a list of security events', () => {
  it('holds those that every filter fits', async () => {
    const { events } = await service();
    await events.raise(jump(1));
    await events.raise(unfinished('scope:mail'));
    await events.raise(unfinished('scope:payments'));
    await events.raise(forged('digest-1'));
    await events.acknowledge(2, null, ALICE);
    await events.resolve(3, 'done', ALICE);
    const listed = async (query: object) =>
      (await events.list(query, { limit: 9 })).map(({ sequence }) => sequence);
    expect(await listed({})).toEqual([4, 3, 2, 1]);
    expect(await listed({ state: 'open' })).toEqual([4, 1]);
    expect(await listed({ state: 'acknowledged' })).toEqual([2]);
    expect(await listed({ state: 'resolved' })).toEqual([3]);
    expect(await listed({ type: 'key.change_unfinished' })).toEqual([3, 2]);
    expect(await listed({ severity: 'critical' })).toEqual([4, 1]);
    expect(await listed({ scopeId: 'mail' })).toEqual([4, 2]);
    expect(await listed({ scopeId: 'mail', severity: 'critical' })).toEqual([4]);
    expect(await listed({ from: NOON, to: NOON })).toEqual([4, 3, 2, 1]);
    expect(await listed({ from: NOON + 1 })).toEqual([]);
    expect(await listed({ to: NOON - 1 })).toEqual([]);
  });
});
