import type { AwaitedAcknowledgement, PlannedDelivery } from '../../domain/notifications.ts';
import type { SecurityEvent } from '../../domain/security-events.ts';
import type { NotificationSettings, RouteSettings } from './settings.ts';

export interface Plan {
  readonly deliveries: readonly PlannedDelivery[];
  /** Null where nobody is waited for, or no route is left to go on to. */
  readonly awaited: AwaitedAcknowledgement | null;
}

type Told = Pick<SecurityEvent, 'sequence' | 'type' | 'severity' | 'evidence'>;

/** What a new event is told by: down the routes, and to the contacts of the scopes that it is about. */
export function planNew(
  event: Told,
  settings: NotificationSettings,
  scopes: readonly string[],
  now: number,
): Plan {
  const plan = planFrom(event, 'event', settings, 0, now);
  const { contacts } = settings;
  if (!contacts?.severities.includes(event.severity)) return plan;
  const toContacts = scopes.map(
    (contactsOf): PlannedDelivery => ({
      kind: 'event',
      eventSequence: event.sequence,
      severity: event.severity,
      route: 'contacts',
      target: contacts.target,
      contactsOf,
      mostPerWindow: mostOf(settings, contacts.target),
    }),
  );
  return { ...plan, deliveries: [...plan.deliveries, ...toContacts] };
}

/** Where an event that nobody acknowledged goes on to; all over again where its route is no longer there. */
export function planEscalation(
  event: Told,
  { route }: Pick<AwaitedAcknowledgement, 'route'>,
  settings: NotificationSettings,
  now: number,
): Plan {
  const next = settings.routes.findIndex(({ name }) => name === route) + 1;
  return planFrom(event, 'escalation', settings, next, now);
}

/** By each route that fits, up to and with the first that waits for somebody; only critical events wait. */
function planFrom(
  event: Told,
  kind: PlannedDelivery['kind'],
  settings: NotificationSettings,
  from: number,
  now: number,
): Plan {
  const deliveries = new Map<string, PlannedDelivery>();
  for (const route of settings.routes.slice(from)) {
    if (!route.severities.includes(event.severity)) continue;
    for (const target of targetsFor(event, route)) {
      if (deliveries.has(target)) continue;
      deliveries.set(target, {
        kind,
        eventSequence: event.sequence,
        severity: event.severity,
        route: route.name,
        target,
        contactsOf: null,
        mostPerWindow: mostOf(settings, target),
      });
    }
    const patience = route.acknowledge_within_seconds;
    if (patience === undefined || event.severity !== 'critical') continue;
    const awaited = { eventSequence: event.sequence, route: route.name, dueAt: now + patience };
    return { deliveries: [...deliveries.values()], awaited };
  }
  return { deliveries: [...deliveries.values()], awaited: null };
}

/** That a target fails is told by the others: by itself it would be a failure more. */
function targetsFor({ type, evidence }: Told, { targets }: RouteSettings): readonly string[] {
  if (type !== 'notification.failing') return targets;
  return targets.filter((target) => target !== evidence?.notification_target);
}

function mostOf({ targets }: NotificationSettings, target: string): number {
  return targets[target]?.messages_per_window ?? 0;
}
