import { expect, it } from 'vitest';
import { unresolvedEvents } from '../../../src/events/unresolved.ts';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const ALICE = { operatorId: 'alice', requestId: null };
const jump = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 });

it('what waits for somebody is counted from what is stored and from what happens', async () => {
  const { securityEvents: events } = (await openTestStore()).store;
  for (const wall of [1, 2, 3, 4]) await events.raise(jump(wall));
  await events.acknowledge(1, null, ALICE);
  await events.acknowledge(2, null, ALICE);
  const metrics = createMetrics();
  metrics.watch({ eventsUnresolved: await unresolvedEvents(events) });
  const told = async () =>
    (await metrics.registry.metrics()).match(/^keyward_security_events_unresolved.*critical.*/gm);
  expect(await told()).toEqual([
    'keyward_security_events_unresolved{state="open",severity="critical"} 2',
    'keyward_security_events_unresolved{state="acknowledged",severity="critical"} 2',
  ]);
  await events.raise(jump(5));
  await events.raise(jump(5));
  await events.acknowledge(3, null, ALICE);
  await events.resolve(1, 'done', ALICE);
  await events.resolve(4, 'done', ALICE);
  await events.resolve(4, 'done', ALICE);
  expect(await told()).toEqual([
    'keyward_security_events_unresolved{state="open",severity="critical"} 1',
    'keyward_security_events_unresolved{state="acknowledged",severity="critical"} 2',
  ]);
  expect((await unresolvedEvents(events))()).toEqual({
    open: { info: 0, warning: 0, critical: 1 },
    acknowledged: { info: 0, warning: 0, critical: 2 },
  });
});
