import type { EventState, SecurityEventFeed, UnresolvedCounts } from '../kernel/security-events.ts';

interface CountedEvents extends Pick<SecurityEventFeed, 'subscribe'> {
  countUnresolved(): Promise<UnresolvedCounts>;
}

/** How many events wait for somebody, counted once and then kept; to be asked before anything is raised. */
export async function unresolvedEvents(events: CountedEvents): Promise<() => UnresolvedCounts> {
  const { open, acknowledged } = await events.countUnresolved();
  const counts = { open: { ...open }, acknowledged: { ...acknowledged } };
  events.subscribe(({ was, event: { state, severity } }) => {
    if (isCounted(was)) counts[was][severity] -= 1;
    if (isCounted(state)) counts[state][severity] += 1;
  });
  return () => counts;
}

function isCounted(state: EventState | null): state is keyof UnresolvedCounts {
  return state === 'open' || state === 'acknowledged';
}
