import { z } from 'zod';
import type { EventFeed, EventMessage, ScopeEvents } from '../../kernel/publication.ts';
import type { VerifierDirectory } from '../../domain/verifiers.ts';
import { type AdmissionParts, admitClient } from '../../server/admission.ts';
import type { Follower } from '../../server/event-stream.ts';
import type { EventStreams } from '../../server/event-streams.ts';
import { lastEventId } from '../../server/last-event-id.ts';
import { CODES, problems } from '../../server/responses.ts';
import type { ApiRequest, Route } from '../../server/route.ts';
import { SCOPE_EVENTS, streamMessage } from '../../server/schemas/scope-event.ts';
import { instance } from '../../server/schemas/verifier.ts';
import { validated } from '../../server/validated.ts';

export interface EventParts extends AdmissionParts {
  readonly scopeEvents: ScopeEvents;
  readonly verifiers: VerifierDirectory;
  readonly eventStreams: EventStreams;
}

const query = z.strictObject({ instance });

/** What a verifier must know at once, for one scope (I3). Ends with the credential, the grant or the process. */
export const followEvents: Route<EventParts> = {
  method: 'get',
  path: '/v1/scopes/{scope}/events',
  operation: {
    operationId: 'followEvents',
    summary: 'Server-sent events of this scope: all that holds now, then what changes; grant `verify`',
    description:
      'Opens with `snapshot`, or with what was missed since `Last-Event-ID`. A slow reader is cut off and resumes. ' +
      'A comment comes every 15 seconds.',
    security: [{ client: [] }],
    requestParams: {
      query,
      header: z.object({ 'last-event-id': z.string().optional().meta({ description: 'Resumes after it.' }) }),
    },
    responses: {
      ...problems(CODES.client, CODES.schema, ['unknown_scope']),
    },
  },
  events: SCOPE_EVENTS,
  handler: (deps) => async (request, response) => {
    const { clientId, scopeId } = await admitClient(deps, 'verify', request, response);
    const named = validated(query, { ...request.query });
    const feed = deps.scopeEvents.open(scopeId, lastEventId(request));
    const owner = { ownerId: clientId, admitted: () => isAdmitted(deps, request, scopeId) };
    let disconnected = () => {};
    deps.eventStreams.begin(response, owner, follower(feed), () => disconnected());
    disconnected = deps.verifiers.connected({ scopeId, clientId, instance: named.instance });
  },
};

/** Both may have gone since: the credential and the grant. */
function isAdmitted(
  { authenticator, grants }: AdmissionParts,
  request: ApiRequest,
  scopeId: string,
): boolean {
  try {
    return grants.allows(authenticator.client(request.headers.authorization).id, scopeId, 'verify');
  } catch {
    return false;
  }
}

function follower({ opening, follow }: EventFeed): Follower {
  return {
    opening: mapped(opening),
    follow: (told) => follow((message) => told(streamMessage(message))),
  };
}

function* mapped(messages: Iterator<EventMessage>) {
  for (let next = messages.next(); !next.done; next = messages.next()) yield streamMessage(next.value);
}
