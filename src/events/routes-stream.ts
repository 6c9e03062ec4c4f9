import { z } from 'zod';
import type { Authenticator } from '../kernel/actor.ts';
import { KeywardError } from '../kernel/errors.ts';
import {
  EVENT_STATES,
  type EventState,
  type PastChange,
  type SecurityEventFeed,
} from '../kernel/security-events.ts';
import { oncePerObject } from '../lib/once-per-object.ts';
import { actorOf, READING } from '../server/admission.ts';
import type { Follower, StreamMessage } from '../server/event-stream.ts';
import { type EventStreams, lastEventId } from '../server/event-streams.ts';
import { CODES, problems } from '../server/responses.ts';
import type { ApiRequest, Route } from '../server/route.ts';
import { eventRepresentation, securityEvent } from './routes.ts';

interface StreamDeps {
  readonly authenticator: Authenticator;
  readonly securityEventFeed: SecurityEventFeed;
  readonly eventStreams: EventStreams;
}

/** Told at once to whoever resumes; with as many, the stream ends behind them and is to be resumed again. */
const MOST_MISSED = 500;

const NAMES = {
  open: 'raised',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
} as const satisfies Record<EventState, string>;

const change = z.strictObject({ event: securityEvent }).meta({ id: 'SecurityEventChange' });

/** What becomes of security events, as it happens. Ends with the credential or the process. */
const followSecurityEvents: Route<StreamDeps> = {
  method: 'get',
  path: '/v1/admin/events/stream',
  operation: {
    operationId: 'followSecurityEvents',
    summary: 'Server-sent events: what is raised, acknowledged and resolved from now on; any role',
    description:
      'Opens with `following`, or with what was missed since `Last-Event-ID`, each event as it stands now. ' +
      `Whoever missed more than ${MOST_MISSED} changes is told that many and resumes. A comment comes every 15 seconds.`,
    security: [{ operator: [] }],
    requestParams: {
      header: z.object({ 'last-event-id': z.string().optional().meta({ description: 'Resumes after it.' }) }),
    },
    responses: {
      ...problems(CODES.operator, ['invalid_request', 'store_unavailable']),
    },
  },
  events: {
    following: z.strictObject({}).meta({ id: 'FollowingSecurityEvents' }),
    ...Object.fromEntries(EVENT_STATES.map((state) => [NAMES[state], change])),
  },
  handler: (deps) => async (request, response) => {
    const { operatorId } = actorOf(deps.authenticator, READING, request, response);
    const { follower, stop } = await open(deps.securityEventFeed, placeIn(request));
    const owner = { ownerId: operatorId, admitted: () => isAdmitted(deps, request) };
    try {
      deps.eventStreams.begin(response, owner, follower, stop);
    } catch (error) {
      stop();
      throw error;
    }
  },
};

export const adminEventStreamRoutes = [followSecurityEvents];

/** Follows first and reads then, so that nothing falls between; what was heard meanwhile comes behind. */
async function open(feed: SecurityEventFeed, place: number | undefined) {
  const heard: PastChange[] = [];
  let told = (change: PastChange): void => void heard.push(change);
  const stop = feed.subscribe((change) => told(asPast(change)));
  try {
    const from = place ?? (await feed.lastPlace());
    const missed = place === undefined ? [] : await feed.changesAfter(place, MOST_MISSED);
    const last = missed.at(-1)?.place ?? from;
    const follower: Follower = {
      opening: opening(from, missed, heard),
      endsThere: missed.length === MOST_MISSED,
      follow(tell) {
        // What another front did may be heard of later than it is read.
        told = (change) => void (change.place > last && tell(message(change)));
        return stop;
      },
    };
    return { follower, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

function* opening(
  from: number,
  missed: readonly PastChange[],
  heard: readonly PastChange[],
): Generator<StreamMessage> {
  yield { id: String(from), event: 'following', data: {} };
  for (const change of missed) yield message(change);
  const last = missed.at(-1)?.place ?? from;
  if (missed.length === MOST_MISSED) return;
  for (const change of heard) if (change.place > last) yield message(change);
}

/** One for all streams. */
const asPast = oncePerObject(
  (change: Omit<PastChange, 'became'>): PastChange => ({ ...change, became: change.event.state }),
);
const message = oncePerObject(
  ({ place, became, event }: PastChange): StreamMessage => ({
    id: String(place),
    event: NAMES[became],
    data: { event: eventRepresentation(event) },
  }),
);

function placeIn(request: ApiRequest): number | undefined {
  const given = lastEventId(request);
  if (given === undefined) return undefined;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new KeywardError('invalid_request', 'Last-Event-ID: send the last id of this stream, or none');
}

/** The credential may have gone since. */
function isAdmitted({ authenticator }: StreamDeps, { headers }: ApiRequest): boolean {
  try {
    return authenticator.operator(headers.authorization).roles.some((role) => READING.includes(role));
  } catch {
    return false;
  }
}
