import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SecurityEventType, Severity } from '../../../../src/domain/security-event-types.ts';
import { SEVERITIES } from '../../../../src/domain/security-event-types.ts';
import { planEscalation, planNew } from '../../../../src/watch/notifications/plan.ts';
import type { NotificationSettings, RouteSettings } from '../../../../src/watch/notifications/settings.ts';

const NOW = 1_760_000_000;
const TARGETS = ['a', 'b', 'c'] as const;

const settings = (routes: readonly RouteSettings[]): NotificationSettings => ({
  targets: Object.fromEntries(
    TARGETS.map((name) => [name, { type: 'file', file: name, evidence: false, messages_per_window: 7 }]),
  ),
  routes,
  contacts: { target: 'b', severities: ['critical'] },
  runbooks_url: 'docs/runbooks',
  attempts: 3,
  deadline_ms: 100,
});

const event = (severity: Severity, type: SecurityEventType = 'clock.jump', evidence = {}) => ({
  sequence: 17,
  type,
  severity,
  evidence,
});

const all = SEVERITIES;
const ROUTES: readonly RouteSettings[] = [
  { name: 'log', severities: all, targets: ['c'] },
  { name: 'on-call', severities: ['critical'], targets: ['a'], acknowledge_within_seconds: 300 },
  { name: 'info', severities: ['info'], targets: ['b'] },
  {
    name: 'managers',
    severities: ['warning', 'critical'],
    targets: ['a', 'b'],
    acknowledge_within_seconds: 60,
  },
  { name: 'everybody', severities: ['critical'], targets: ['a', 'b', 'c'] },
];

const to = ({ deliveries }: ReturnType<typeof planNew>) =>
  deliveries.map(({ route, target }) => `${route}:${target}`);

describe('a new event', () => {
  it('goes down to the first route that waits, if it is critical', () => {
    const plan = planNew(event('critical'), settings(ROUTES), [], NOW);
    expect(to(plan)).toEqual(['log:c', 'on-call:a']);
    expect(plan.awaited).toEqual({ eventSequence: 17, route: 'on-call', dueAt: NOW + 300 });
  });

  it('goes by every route that fits, if it is not', () => {
    const plan = planNew(event('warning'), settings(ROUTES), [], NOW);
    expect([to(plan), plan.awaited]).toEqual([['log:c', 'managers:a', 'managers:b'], null]);
    expect(to(planNew(event('info'), settings(ROUTES), [], NOW))).toEqual(['log:c', 'info:b']);
  });

  it('goes to contacts of its scopes where its severity is theirs', () => {
    const scopes = ['payments', 'mail'];
    const { deliveries } = planNew(event('critical'), settings([]), scopes, NOW);
    expect(deliveries).toEqual(
      scopes.map((contactsOf) => ({
        kind: 'event',
        eventSequence: 17,
        severity: 'critical',
        route: 'contacts',
        target: 'b',
        contactsOf,
        mostPerWindow: 7,
      })),
    );
    expect(to(planNew(event('warning'), settings([]), scopes, NOW))).toEqual([]);
  });
});

describe('an escalation', () => {
  const escalated = (route: string, routes = ROUTES) =>
    planEscalation(event('critical'), { route }, settings(routes), NOW);

  it('goes on behind its route, to the next one that waits, and ends at the end', () => {
    expect([to(escalated('on-call')), escalated('on-call').awaited]).toEqual([
      ['managers:a', 'managers:b'],
      { eventSequence: 17, route: 'managers', dueAt: NOW + 60 },
    ]);
    expect([to(escalated('managers')), escalated('managers').awaited]).toEqual([
      ['everybody:a', 'everybody:b', 'everybody:c'],
      null,
    ]);
    expect(escalated('everybody')).toEqual({ deliveries: [], awaited: null });
  });

  it('begins anew where its route is gone', () => {
    expect(to(escalated('former'))).toEqual(['log:c', 'on-call:a']);
  });
});

it('that a target fails is told to the others alone, by whatever routes', () => {
  const failing = event('warning', 'notification.failing', { notification_target: 'a' });
  expect(to(planNew(failing, settings(ROUTES), [], NOW))).toEqual(['log:c', 'managers:b']);
});

it('a plan names each target once, in the order of the routes, and ends in time, whatever the routes', () => {
  const route = fc.record({
    severities: fc.uniqueArray(fc.constantFrom(...SEVERITIES), { minLength: 1 }),
    targets: fc.uniqueArray(fc.constantFrom(...TARGETS), { minLength: 1 }),
    acknowledge_within_seconds: fc.option(fc.integer({ min: 30, max: 900 }), { nil: undefined }),
  });
  const routes = fc
    .array(route, { maxLength: 8 })
    .map((list) => list.map((each, at): RouteSettings => ({ ...each, name: `r${at}` })));
  fc.assert(
    fc.property(routes, fc.constantFrom(...SEVERITIES), (list, severity) => {
      const config = settings(list);
      let plan = planNew(event(severity), config, [], NOW);
      const seen: string[] = [];
      for (let legs = 0; ; legs += 1) {
        expect(legs).toBeLessThanOrEqual(list.length);
        const targets = plan.deliveries.map(({ target }) => target);
        expect(new Set(targets).size).toBe(targets.length);
        seen.push(...plan.deliveries.map((each) => each.route));
        if (!plan.awaited) break;
        plan = planEscalation(event(severity), plan.awaited, config, NOW);
      }
      expect(seen).toEqual(seen.toSorted());
    }),
  );
});
