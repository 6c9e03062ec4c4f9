import { expect, it } from 'vitest';
import { createSecurityEvents } from '../../../src/events/store/security-events.ts';
import { unresolvedEvents } from '../../../src/events/unresolved.ts';
import { type EventChange, securityEvent } from '../../../src/kernel/security-events.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { queryDatabase } from '../../support/store-database.ts';

const ALICE = { operatorId: 'alice', requestId: null };
const jump = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 });

/** Two fronts on one store, the changes that each was told of, and whether the database can be read. */
async function fronts() {
  const { store, database } = await openTestStore();
  const state = { isAway: false };
  const reader = {
    read: (async (work) => {
      if (state.isAway) throw new Error('away');
      return await store.reader.read(work);
    }) as typeof store.reader.read,
  };
  const open = async () => {
    const events = createSecurityEvents(reader, store.writer, NOON, true);
    await events.follow();
    const told: EventChange[] = [];
    events.subscribe((change) => told.push(change));
    return {
      events,
      told,
      /** As `1 open→acknowledged`. */
      words: () => told.map(({ was, event }) => `${event.sequence} ${was ?? ''}→${event.state}`),
    };
  };
  return { store, database, state, open, one: await open(), other: await open() };
}

it('tells a front what another did, as it was then', async () => {
  const { one, other } = await fronts();
  for (const wall of [1, 2]) await one.events.raise(jump(wall));
  await one.events.acknowledge(1, null, ALICE);
  await one.events.resolve(1, 'done', ALICE);
  await one.events.resolve(2, 'done', ALICE);
  expect(other.told).toEqual([]);
  await other.events.follow();
  const words = ['1 →open', '2 →open', '1 open→acknowledged', '1 acknowledged→resolved', '2 open→resolved'];
  expect(other.words()).toEqual(words);
  expect(one.words()).toEqual(words);
  const asRaised = { state: 'open', acknowledged: null, resolved: null };
  expect(other.told.map(({ event }) => event).slice(0, 2)).toMatchObject([asRaised, asRaised]);
  expect(other.told).toEqual(one.told);
  await other.events.follow();
  expect(other.told).toHaveLength(5);
});

it('tells its own in order with those of another, each once', async () => {
  const { one, other } = await fronts();
  await one.events.raise(jump(1));
  await other.events.raise(jump(2));
  await one.events.acknowledge(2, null, ALICE);
  await other.events.acknowledge(1, null, ALICE);
  await one.events.follow();
  const words = ['1 →open', '2 →open', '2 open→acknowledged', '1 open→acknowledged'];
  expect([one.words(), other.words()]).toEqual([words, words]);
});

it('tells of all, however many there are, and of nothing that was before', async () => {
  const { open, one } = await fronts();
  await one.events.raise(jump(0));
  const late = await open();
  for (let wall = 1; wall <= 230; wall += 1) await one.events.raise(jump(wall));
  await late.events.follow();
  expect(late.told.map(({ event }) => event.sequence)).toEqual(Array.from({ length: 230 }, (_, n) => n + 2));
});

it('tells later what could not be read: it is stored all the same', async () => {
  const { one, state } = await fronts();
  const raised = one.events.raise(jump(1));
  state.isAway = true;
  expect(await raised).toBe(true);
  await expect(one.events.follow()).rejects.toThrow('away');
  expect(one.told).toEqual([]);
  state.isAway = false;
  await one.events.follow();
  expect(one.words()).toEqual(['1 →open']);
});

it('is not led astray by a row that somebody put behind the end of the trail', async () => {
  const { one, other, database } = await fronts();
  await one.events.raise(jump(1));
  await queryDatabase(
    database,
    `INSERT INTO security_events (sequence, raised_at, type, severity, dedup_key, subject, evidence_json,
      evidence_salt, evidence_commitment, audit_sequence)
     SELECT sequence + 1, raised_at, type, severity, 'k', subject, evidence_json, evidence_salt,
      evidence_commitment, 999999999 FROM security_events RETURNING 1`,
  );
  await other.events.follow();
  await one.events.raise(jump(2));
  await other.events.follow();
  expect([one.words().length, other.words().length]).toEqual([2, 2]);
});

it('counts what waits for somebody alike on every front, whoever did what and when it was first counted', async () => {
  const { open, one, other } = await fronts();
  for (const wall of [1, 2, 3]) await one.events.raise(jump(wall));
  await one.events.acknowledge(1, null, ALICE);
  const counts = await unresolvedEvents(other.events);
  // What was counted is heard of afterwards.
  await other.events.follow();
  await one.events.resolve(2, 'done', ALICE);
  await one.events.raise(jump(4));
  await other.events.acknowledge(4, null, ALICE);
  await other.events.follow();
  const expected = {
    open: { info: 0, warning: 0, critical: 1 },
    acknowledged: { info: 0, warning: 0, critical: 2 },
  };
  expect(counts()).toEqual(expected);
  expect((await unresolvedEvents((await open()).events))()).toEqual(expected);
});
