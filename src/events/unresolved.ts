import type {
  EventChange,
  EventState,
  SecurityEventFeed,
  UnresolvedCounts,
} from '../kernel/security-events.ts';

/** Up to that event of the trail. */
export interface UnresolvedSoFar {
  readonly counts: UnresolvedCounts;
  readonly place: number;
}

interface CountedEvents extends Pick<SecurityEventFeed, 'subscribe'> {
  unresolvedSoFar(): Promise<UnresolvedSoFar>;
}

/** How many events wait for somebody, counted once and then kept; to be asked before anything is raised here. */
export async function unresolvedEvents(events: CountedEvents): Promise<() => UnresolvedCounts> {
  const heard: EventChange[] = [];
  let count = (change: EventChange): void => void heard.push(change);
  events.subscribe((change) => count(change));
  const { counts: counted, place: countedTo } = await events.unresolvedSoFar();
  const counts = { open: { ...counted.open }, acknowledged: { ...counted.acknowledged } };
  count = ({ place, was, event: { state, severity } }) => {
    if (place <= countedTo) return;
    if (isCounted(was)) counts[was][severity] -= 1;
    if (isCounted(state)) counts[state][severity] += 1;
  };
  for (const change of heard) count(change);
  return () => counts;
}

function isCounted(state: EventState | null): state is keyof UnresolvedCounts {
  return state === 'open' || state === 'acknowledged';
}
