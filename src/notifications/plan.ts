import type { Severity } from '../kernel/security-event-types.ts';
import type { SecurityEvent } from '../kernel/security-events.ts';
import type { AwaitedAcknowledgement, EventDelivery, PlannedDelivery } from './delivery.ts';
import type { NotificationSettings, RouteSettings } from './target-settings.ts';

interface Plan {
  readonly deliveries: readonly PlannedDelivery[];
  /** Null where nobody is waited for, or not any more. */
  readonly awaited: AwaitedAcknowledgement | null;
}

type WaitingRoute = RouteSettings & { readonly acknowledge_within_seconds: number };
type RoutedEvent = Pick<SecurityEvent, 'type' | 'severity' | 'evidence'>;
type NotifiedEvent = RoutedEvent & Pick<SecurityEvent, 'sequence'>;

/** Who gets a message, and by which route. */
export type Recipient = Pick<PlannedDelivery, 'route' | 'target' | 'contactsOf'>;

/**
 * The routes at which a critical event of that type stays until somebody acknowledges it, in the order in which it goes
 * on. Without a type, those for every type.
 */
export function waitingRoutes(
  { routes }: Pick<NotificationSettings, 'routes'>,
  type?: string,
): readonly WaitingRoute[] {
  return routes.filter(
    (route): route is WaitingRoute =>
      route.acknowledge_within_seconds !== null && carries(route, { severity: 'critical', type }),
  );
}

function carries(
  { severities, types }: RouteSettings,
  { severity, type }: { readonly severity: Severity; readonly type: string | undefined },
): boolean {
  if (!severities.includes(severity)) return false;
  return types === undefined || (type !== undefined && types.some((wanted) => isOfType(type, wanted)));
}

/** `wanted` is a type, or the beginning of some with `.*`. */
export function isOfType(type: string, wanted: string): boolean {
  return wanted.endsWith('.*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

/**
 * What a new event is told by: each route that fits, and the contacts of the scopes that it is about. Of the routes
 * at which a critical one waits for somebody only the first.
 */
export function recipientsOfNew(
  event: RoutedEvent,
  settings: NotificationSettings,
  scopes: readonly string[],
): readonly Recipient[] {
  const [, ...later] = awaitingRoutes(event, settings);
  const routes = settings.routes.filter(
    (route) => carries(route, event) && !later.some(({ name }) => name === route.name),
  );
  return [...targetsOf(event, routes), ...contactsOf(event, scopes, settings)];
}

/** The same as deliveries, and the acknowledgement that it waits for. */
export function planNew(
  event: NotifiedEvent,
  settings: NotificationSettings,
  scopes: readonly string[],
  now: number,
): Plan {
  const [first] = awaitingRoutes(event, settings);
  return {
    deliveries: deliveriesTo(recipientsOfNew(event, settings, scopes), 'event', event, settings),
    awaited: first ? awaitedAt(first, event, now) : null,
  };
}

function awaitingRoutes(
  { type, severity }: RoutedEvent,
  settings: NotificationSettings,
): readonly WaitingRoute[] {
  return severity === 'critical' ? waitingRoutes(settings, type) : [];
}

/**
 * Where a critical event that nobody acknowledged goes on to; all over again where its route is no longer there.
 * Behind the last, the first is told once more, and nobody is waited for.
 */
export function planEscalation(
  event: NotifiedEvent,
  { route }: Pick<AwaitedAcknowledgement, 'route'>,
  settings: NotificationSettings,
  now: number,
): Plan {
  const behind = settings.routes.findIndex(({ name }) => name === route) + 1;
  const [next] = waitingRoutes({ routes: settings.routes.slice(behind) }, event.type);
  const routes = next ? [next] : waitingRoutes(settings, event.type).slice(0, 1);
  return {
    deliveries: deliveriesTo(targetsOf(event, routes), 'escalation', event, settings),
    awaited: next ? awaitedAt(next, event, now) : null,
  };
}

/** Which acknowledgement a critical event waits for, by what was told of it; null where every route was. */
export function awaitedFrom(
  event: NotifiedEvent,
  told: readonly Pick<EventDelivery, 'kind' | 'route'>[],
  settings: NotificationSettings,
  now: number,
): AwaitedAcknowledgement | null {
  const waiting = waitingRoutes(settings, event.type);
  const escalated = new Set(told.filter(({ kind }) => kind === 'escalation').map(({ route }) => route));
  const [first] = waiting;
  if (!first || escalated.has(first.name)) return null;
  const at = waiting.findLastIndex(({ name }) => escalated.has(name));
  return awaitedAt(waiting[Math.max(at, 0)] ?? first, event, now);
}

function awaitedAt(route: WaitingRoute, { sequence }: NotifiedEvent, now: number): AwaitedAcknowledgement {
  return { eventSequence: sequence, route: route.name, dueAt: now + route.acknowledge_within_seconds };
}

/** Each target once, by the first route that names it. */
function targetsOf(event: RoutedEvent, routes: readonly RouteSettings[]): readonly Recipient[] {
  const recipients = new Map<string, Recipient>();
  for (const route of routes) {
    for (const target of targetsFor(event, route)) {
      if (!recipients.has(target)) recipients.set(target, { route: route.name, target, contactsOf: null });
    }
  }
  return [...recipients.values()];
}

function contactsOf(
  { severity }: RoutedEvent,
  scopes: readonly string[],
  { contacts }: NotificationSettings,
): readonly Recipient[] {
  if (!contacts?.severities.includes(severity)) return [];
  const { target } = contacts;
  return scopes.map((contactsOf) => ({ route: 'contacts', target, contactsOf }));
}

function deliveriesTo(
  recipients: readonly Recipient[],
  kind: PlannedDelivery['kind'],
  { sequence: eventSequence, type, severity }: NotifiedEvent,
  { targets }: NotificationSettings,
): readonly PlannedDelivery[] {
  return recipients.map((recipient) => {
    const mostPerWindow = targets[recipient.target]?.messages_per_window ?? 0;
    return { ...recipient, kind, eventSequence, type, severity, mostPerWindow };
  });
}

/** That a target fails is told by the others: by itself it would be a failure more. */
function targetsFor({ type, evidence }: RoutedEvent, { targets }: RouteSettings): readonly string[] {
  if (type !== 'notification.failing') return targets;
  return targets.filter((target) => target !== evidence?.notification_target);
}
