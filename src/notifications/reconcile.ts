import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { EventService, SecurityEventFeed, TrackedEvent } from '../kernel/security-events.ts';
import type { EventDelivery, NotificationOutbox, PlannedDelivery } from './delivery.ts';
import { awaitedFrom, planNew, waitingRoutes } from './plan.ts';
import type { NotificationSettings } from './target-settings.ts';

/** Fewer than the dead ones that are kept for each target. */
const MOST_EVENTS = 500;
const MOST_AWAITED = 1_000;

interface ReconcileDeps {
  readonly outbox: NotificationOutbox;
  readonly events: Pick<EventService, 'list' | 'find'>;
  readonly feed: Pick<SecurityEventFeed, 'lastPlace'>;
  readonly settings: NotificationSettings;
  readonly clock: Clock;
}

/**
 * Holds the outbox against the security events raised since then, all of which were told, and sets right what is
 * missing in it. Answers what it found, in sentences; undefined where events are not told yet, and nothing was done.
 */
export async function reconcile(
  deps: ReconcileDeps,
  { since, place }: { readonly since: number; readonly place: number },
): Promise<readonly string[] | undefined> {
  const { outbox, feed } = deps;
  const events = await deps.events.list({ from: since }, { limit: MOST_EVENTS });
  // What was raised meanwhile is told with the next look.
  if ((await feed.lastPlace()) !== place) return undefined;
  const told = await outbox.deliveriesOf(events.map(({ sequence }) => sequence));
  const untold = deliveriesFor(events, told, deps);
  const { awaited, dropped } = await awaitedFor(events, told, deps);
  const changed = await outbox.reconcile();
  if (untold.length + awaited.length + dropped.length > 0) {
    await outbox.record({ place, deliveries: untold, awaited, takenUp: dropped });
  }
  return [
    ...found(changed, 'messages that waited to be sent had been deleted, settled or rewritten'),
    ...found(
      new Set(untold.map(({ eventSequence }) => eventSequence)).size,
      'events had no message to anybody',
    ),
    ...found(
      awaited.length,
      'critical events were waited for by nobody, for too long, or at a route that comes later',
    ),
    ...found(dropped.length, 'acknowledgements were waited for of events that there are not'),
  ];
}

function deliveriesFor(
  events: readonly TrackedEvent[],
  told: readonly EventDelivery[],
  { settings, clock }: ReconcileDeps,
): readonly PlannedDelivery[] {
  return events
    .filter((event) => !told.some((each) => covers(each, event)))
    .flatMap((event) => planNew(event, settings, [], clock.nowSeconds()).deliveries);
}

async function awaitedFor(
  events: readonly TrackedEvent[],
  told: readonly EventDelivery[],
  { outbox, events: eventService, settings, clock }: ReconcileDeps,
) {
  const now = clock.nowSeconds();
  const rows = await outbox.unacknowledged(Number.MAX_SAFE_INTEGER, MOST_AWAITED);
  const rowOf = new Map(rows.map((row) => [row.eventSequence, row]));
  const open = events.filter(({ state, severity }) => state === 'open' && severity === 'critical');
  const awaited = open.flatMap((event) => {
    const toldOfIt = told.filter((each) => covers(each, event));
    const expected = awaitedFrom(event, toldOfIt, settings, now);
    const row = rowOf.get(event.sequence);
    if (!expected || !row) return expected ?? [];
    const routes = waitingRoutes(settings, event.type);
    const placeOf = (name: string) => routes.findIndex((route) => route.name === name);
    const place = placeOf(row.route);
    const isInTime = row.dueAt <= now + (routes[place]?.acknowledge_within_seconds ?? 0);
    // A summary does not say which routes it stands for.
    const isReached = place <= placeOf(expected.route) || toldOfIt.some(({ kind }) => kind === 'summary');
    return isInTime && isReached ? [] : expected;
  });
  const known = new Set(events.map(({ sequence }) => sequence));
  const dropped: number[] = [];
  for (const { eventSequence } of rows) {
    if (!known.has(eventSequence) && (await isUnknown(eventService, eventSequence)))
      dropped.push(eventSequence);
  }
  return { awaited, dropped };
}

async function isUnknown(eventService: Pick<EventService, 'find'>, sequence: number): Promise<boolean> {
  try {
    await eventService.find(sequence);
    return false;
  } catch (error) {
    if (error instanceof KeywardError && error.code === 'unknown_event') return true;
    throw error;
  }
}

/** A summary tells of what was raised before it was sent. */
function covers(
  { kind, eventSequence, lastSequence, settledAt }: EventDelivery,
  event: TrackedEvent,
): boolean {
  const { sequence, raisedAt } = event;
  if (kind !== 'summary') return eventSequence === sequence;
  return eventSequence <= sequence && sequence <= lastSequence && (settledAt ?? raisedAt) >= raisedAt;
}

function found(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}
