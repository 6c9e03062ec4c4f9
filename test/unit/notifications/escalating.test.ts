import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { hook, jump, overdue, PATIENCE, settled } from '../../support/hooked-target.ts';
import { ADA, notifying } from '../../support/notifying.ts';

const unheard = (lines: readonly Record<string, unknown>[]) =>
  lines.filter(({ msg }) => String(msg).startsWith('nobody has acknowledged'));

describe('a critical event that nobody acknowledges', () => {
  const routes = [
    { name: 'on-call', severities: ['critical'], targets: ['first'], acknowledge_within_seconds: 300 },
    { name: 'managers', min_severity: 'info', targets: ['second'], acknowledge_within_seconds: 600 },
  ];

  it('goes on to the next route when the time is over, and to the first once more when there is none', async () => {
    const [first, second] = [await hook(), await hook()];
    const { store, look, time, lines, deliveries } = await notifying({
      section: { targets: { first: first.target, second: second.target }, routes },
    });
    await store.securityEvents.raise(jump(1));
    await look();
    await vi.waitFor(() => expect(first.receiver.received).toHaveLength(1), PATIENCE);
    time.pass(299);
    await look();
    expect(await store.notifications.list({ target: 'second' }, { limit: 9 })).toEqual([]);
    time.pass(1);
    await look();
    await vi.waitFor(() => expect(second.receiver.received).toHaveLength(1), PATIENCE);
    expect(JSON.parse(second.receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'security_event.unacknowledged',
      title: '[Keyward] nobody has acknowledged critical: clock.jump (clock)',
    });
    time.pass(600);
    await look();
    await look();
    const nobody = unheard(lines);
    expect(nobody).toMatchObject([{ level: 50, event: 1, route: 'managers' }]);
    await vi.waitFor(() => {
      expect([first, second].map(({ receiver }) => receiver.received.length)).toEqual([2, 1]);
    }, PATIENCE);
    expect(JSON.parse(first.receiver.received[1]?.body ?? '').type).toBe('security_event.unacknowledged');
    time.pass(86_400);
    await look();
    expect(await deliveries()).toHaveLength(3);
  });

  it('waits a quarter of an hour at a route that does not say how long, also at the last, and not at a log', async () => {
    const [onCall, team] = [await hook(), await hook()];
    const siem = { type: 'file', file: join(folderOfTest(), 'events.jsonl') };
    const { store, look, time, lines, metrics, deliveries } = await notifying({
      section: {
        targets: { siem, 'on-call': onCall.target, team: team.target },
        routes: [
          { name: 'everything', min_severity: 'info', targets: ['siem'] },
          {
            name: 'on-call',
            severities: ['critical'],
            targets: ['on-call'],
            acknowledge_within_seconds: 300,
          },
          { name: 'team', targets: ['team'] },
        ],
      },
    });
    const told = async () => (await deliveries()).map(({ kind, target }) => `${kind} ${target}`).toSorted();
    const nobody = async () => [
      unheard(lines),
      (await metrics.unacknowledgedEvents.get()).values.map(({ value }) => value),
    ];
    await store.securityEvents.raise(jump(1));
    await look();
    expect(await told()).toEqual(['event on-call', 'event siem']);
    time.pass(300);
    await look();
    expect(await told()).toEqual(['escalation team', 'event on-call', 'event siem']);
    time.pass(899);
    await look();
    expect([(await told()).length, await nobody()]).toEqual([3, [[], [0]]]);
    time.pass(1);
    await look();
    expect(await told()).toEqual(['escalation on-call', 'escalation team', 'event on-call', 'event siem']);
    expect(await nobody()).toMatchObject([[{ level: 50, event: 1, route: 'team' }], [1]]);
  });

  it.each([
    ['nobody acknowledges it', false, ['event', 'escalation'], 1],
    ['somebody does', true, ['event'], 0],
  ])('is told again by the one route that there is unless named: %s', async (_what, taken, kinds, nobody) => {
    const only = await hook();
    const { store, look, time, lines, deliveries } = await notifying({
      section: { targets: { only: only.target } },
    });
    await store.securityEvents.raise(jump(1));
    await look();
    if (taken) await store.securityEvents.acknowledge(1, 'I look at it', ADA);
    time.pass(900);
    await look();
    expect((await deliveries()).map(({ kind }) => kind).toReversed()).toEqual(kinds);
    expect(unheard(lines)).toHaveLength(nobody);
  });

  it.each([
    ['a log alone', { siem: { type: 'file', file: 'unused.jsonl' } }, undefined, 1],
    ['a route that says so', undefined, null, 1],
    ['people', undefined, undefined, 0],
  ])(
    'is said to escalate to nobody at the start where that is so: %s',
    async (_what, log, acknowledge, said) => {
      const targets = log ?? { only: (await hook()).target };
      const route = { name: 'all', targets: Object.keys(targets), acknowledge_within_seconds: acknowledge };
      const { lines } = await notifying({ section: { targets, routes: [route] } });
      const warned = lines.filter(({ msg }) => String(msg).startsWith('no notification route waits'));
      expect(warned).toHaveLength(said);
    },
  );

  it.each(['acknowledge', 'resolve'] as const)(
    'stays where it is once somebody says so: %s',
    async (step) => {
      const [first, second] = [await hook(), await hook()];
      const { store, look, time, deliveries } = await notifying({
        section: { targets: { first: first.target, second: second.target }, routes },
      });
      await store.securityEvents.raise(jump(1));
      await look();
      await store.securityEvents[step](1, 'I look at it', ADA);
      time.pass(300);
      await look();
      await settled(deliveries, [['delivered', 1]]);
      expect(second.receiver.received).toEqual([]);
    },
  );

  it('is a matter of critical ones: a warning goes by every route at once', async () => {
    const [first, second] = [await hook(), await hook()];
    const { store, look, deliveries } = await notifying({
      section: {
        targets: { first: first.target, second: second.target },
        routes: routes.map((route) => ({
          name: route.name,
          min_severity: 'warning',
          targets: route.targets,
        })),
      },
    });
    await store.securityEvents.raise(overdue);
    await look();
    await settled(deliveries, [
      ['delivered', 1],
      ['delivered', 1],
    ]);
  });
});
