import { expect, it } from 'vitest';
import type { PlannedDelivery } from '../../../src/notifications/delivery.ts';
import { heldTime } from '../../support/held-time.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

const NOW = 1_760_000_000;
const DAY = 86_400;
const planned = (eventSequence: number): PlannedDelivery => ({
  kind: 'event',
  eventSequence,
  type: 'clock.jump',
  severity: 'critical',
  route: 'first',
  target: 'hook',
  contactsOf: null,
  mostPerWindow: 100,
});

/** Two deliveries wait, and this process has seen it. */
async function waiting() {
  const time = heldTime(NOW);
  const { store, file } = await openTestStore({ clock: time.clock });
  const { notifications: outbox } = store;
  await outbox.record({ place: 2, deliveries: [planned(1), planned(2)], awaited: [], takenUp: [] });
  expect(await outbox.reconcile()).toBe(0);
  const sql = (text: string) => query(file, `${text} RETURNING 1`);
  const states = () =>
    query(file, 'SELECT * FROM notification_deliveries ORDER BY event_sequence').map((row) => [
      row.event_sequence,
      row.state,
      row.severity,
      row.target,
    ]);
  return { time, outbox, sql, states };
}

const BOTH = [
  [1, 'pending', 'critical', 'hook'],
  [2, 'pending', 'critical', 'hook'],
];

it.each([
  ['deleted', 'DELETE FROM notification_deliveries WHERE event_sequence = 1'],
  [
    'marked as delivered',
    `UPDATE notification_deliveries SET state = 'delivered', settled_at = 1, next_attempt_at = NULL
     WHERE event_sequence = 1`,
  ],
  [
    'turned to another target',
    `UPDATE notification_deliveries SET target = 'other' WHERE event_sequence = 1`,
  ],
  ['made less severe', `UPDATE notification_deliveries SET severity = 'info' WHERE event_sequence = 1`],
  [
    'moved to another event',
    'UPDATE notification_deliveries SET event_sequence = 9 WHERE event_sequence = 1',
  ],
  ['given another id', 'UPDATE notification_deliveries SET id = 99 WHERE event_sequence = 1'],
])('puts back what waited and was %s by somebody else, and says so once', async (_, change) => {
  const { outbox, sql, states } = await waiting();
  sql(change);
  expect(await outbox.reconcile()).toBe(1);
  expect(states()).toEqual(BOTH);
  expect(await outbox.reconcile()).toBe(0);
  expect(await outbox.due('hook', NOW, 10)).toHaveLength(2);
});

it.each([
  ['for ever', 'NULL'],
  ['for longer than any backoff', String(NOW + DAY + 1)],
])('sends at once what somebody put off %s', async (_, next) => {
  const { outbox, sql } = await waiting();
  sql(`UPDATE notification_deliveries SET next_attempt_at = ${next} WHERE event_sequence = 1`);
  expect(await outbox.reconcile()).toBe(1);
  expect(await outbox.due('hook', NOW, 10)).toHaveLength(2);
});

it('leaves alone what this process delivered, gave up or will try again', async () => {
  const { outbox } = await waiting();
  const [first, second] = await outbox.due('hook', NOW, 10);
  await outbox.settle([
    { id: first?.id ?? 0, outcome: { state: 'delivered', note: null } },
    { id: second?.id ?? 0, outcome: { state: 'pending', error: 'away', nextAttemptAt: NOW + DAY } },
  ]);
  expect(await outbox.reconcile()).toBe(0);
  await outbox.settle([{ id: second?.id ?? 0, outcome: { state: 'dead', error: 'away' } }]);
  expect(await outbox.reconcile()).toBe(0);
});

it('leaves alone what ends with a target that the configuration no longer names', async () => {
  const { outbox } = await waiting();
  await outbox.abandonOthers(['mail']);
  expect(await outbox.reconcile()).toBe(0);
  expect(
    (await outbox.list({ state: 'dead' }, { limit: 9 })).map(({ eventSequence }) => eventSequence),
  ).toEqual([2, 1]);
});
