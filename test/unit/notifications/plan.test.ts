import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  SEVERITIES,
  type SecurityEventType,
  type Severity,
} from '../../../src/kernel/security-event-types.ts';
import { planEscalation, planNew, waitingRoutes } from '../../../src/notifications/plan.ts';
import type { NotificationSettings, RouteSettings } from '../../../src/notifications/target-settings.ts';

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
  heartbeat_seconds: null,
});

const event = (severity: Severity, type: SecurityEventType = 'clock.jump', evidence = {}) => ({
  sequence: 17,
  type,
  severity,
  evidence,
});

const all = SEVERITIES;
const ROUTES: readonly RouteSettings[] = [
  { name: 'log', severities: all, targets: ['c'], acknowledge_within_seconds: null },
  { name: 'on-call', severities: ['critical'], targets: ['a'], acknowledge_within_seconds: 300 },
  { name: 'info', severities: ['info'], targets: ['b'], acknowledge_within_seconds: 30 },
  {
    name: 'managers',
    severities: ['warning', 'critical'],
    targets: ['a', 'b'],
    acknowledge_within_seconds: 60,
  },
  { name: 'wall', severities: ['critical'], targets: ['b'], acknowledge_within_seconds: null },
  { name: 'everybody', severities: ['critical'], targets: ['b', 'c'], acknowledge_within_seconds: 900 },
];

const to = ({ deliveries }: ReturnType<typeof planNew>) =>
  deliveries.map(({ route, target }) => `${route}:${target}`);

describe('a new event', () => {
  it('goes to the first route that waits and to all that do not, if it is critical', () => {
    const plan = planNew(event('critical'), settings(ROUTES), [], NOW);
    expect(to(plan)).toEqual(['log:c', 'on-call:a', 'wall:b']);
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
        type: 'clock.jump',
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

  it('goes on to the next route that waits, and behind the last to the first once more', () => {
    expect([to(escalated('on-call')), escalated('on-call').awaited]).toEqual([
      ['managers:a', 'managers:b'],
      { eventSequence: 17, route: 'managers', dueAt: NOW + 60 },
    ]);
    expect([to(escalated('managers')), escalated('managers').awaited]).toEqual([
      ['everybody:b', 'everybody:c'],
      { eventSequence: 17, route: 'everybody', dueAt: NOW + 900 },
    ]);
    expect([to(escalated('everybody')), escalated('everybody').awaited]).toEqual([['on-call:a'], null]);
  });

  it('begins anew where its route is gone', () => {
    expect(to(escalated('former'))).toEqual(['on-call:a']);
    expect(escalated('former', ROUTES.slice(0, 1))).toEqual({ deliveries: [], awaited: null });
  });
});

describe('a route for some types', () => {
  const approvers: RouteSettings = {
    name: 'approvers',
    severities: all,
    types: ['proposal.waiting', 'key.*'],
    targets: ['a'],
    acknowledge_within_seconds: 60,
  };

  it('carries those, and no other', () => {
    const by = (type: SecurityEventType) =>
      to(planNew(event('warning', type), settings([approvers]), [], NOW));
    expect([by('proposal.waiting'), by('key.suspended')]).toEqual([['approvers:a'], ['approvers:a']]);
    expect([by('clock.jump'), by('hsm.unavailable')]).toEqual([[], []]);
  });

  it('keeps to its severities', () => {
    const routes = [{ ...approvers, severities: ['info'] as const }];
    expect(to(planNew(event('warning', 'key.suspended'), settings(routes), [], NOW))).toEqual([]);
    expect(to(planNew(event('info', 'key.suspended'), settings(routes), [], NOW))).toEqual(['approvers:a']);
  });

  it('is waited at for its types alone, and skipped by an escalation of others', () => {
    const routes = [approvers, ...ROUTES];
    const waits = (type: SecurityEventType) =>
      planNew(event('critical', type), settings(routes), [], NOW).awaited;
    expect([waits('key.compromised')?.route, waits('clock.jump')?.route]).toEqual(['approvers', 'on-call']);
    const last = (type: SecurityEventType) =>
      to(planEscalation(event('critical', type), { route: 'everybody' }, settings(routes), NOW));
    expect([last('key.compromised'), last('clock.jump')]).toEqual([['approvers:a'], ['on-call:a']]);
    expect(waitingRoutes(settings([approvers]))).toEqual([]);
  });
});

it('that a target fails is told to the others alone, by whatever routes', () => {
  const failing = event('warning', 'notification.failing', { notification_target: 'a' });
  expect(to(planNew(failing, settings(ROUTES), [], NOW))).toEqual(['log:c', 'managers:b']);
});

it('no plan names a target twice; whatever the routes, all that fit are told, and it ends in time', () => {
  const route = fc.record({
    severities: fc.uniqueArray(fc.constantFrom(...SEVERITIES), { minLength: 1 }),
    targets: fc.uniqueArray(fc.constantFrom(...TARGETS), { minLength: 1 }),
    acknowledge_within_seconds: fc.option(fc.integer({ min: 30, max: 900 }), { nil: null }),
  });
  const routes = fc
    .array(route, { maxLength: 8 })
    .map((list) => list.map((each, at): RouteSettings => ({ ...each, name: `r${at}` })));
  fc.assert(
    fc.property(routes, fc.constantFrom(...SEVERITIES), (list, severity) => {
      const config = settings(list);
      let plan = planNew(event(severity), config, [], NOW);
      const fitting = list.filter(({ severities }) => severities.includes(severity));
      const waited: string[] = [];
      const told = new Set<string>();
      for (let legs = 0; ; legs += 1) {
        expect(legs).toBeLessThanOrEqual(list.length);
        const targets = plan.deliveries.map(({ target }) => target);
        expect(new Set(targets).size).toBe(targets.length);
        for (const target of targets) told.add(target);
        if (!plan.awaited) break;
        waited.push(plan.awaited.route);
        plan = planEscalation(event(severity), plan.awaited, config, NOW);
      }
      const waiting = fitting.filter((route) => route.acknowledge_within_seconds !== null);
      expect(waited).toEqual(severity === 'critical' ? waiting.map(({ name }) => name) : []);
      expect(told).toEqual(new Set(fitting.flatMap(({ targets }) => targets)));
    }),
  );
});
