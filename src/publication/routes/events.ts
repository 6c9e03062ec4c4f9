import { z } from 'zod';
import { KEY_STATES } from '../../kernel/key.ts';
import type {
  EventFeed,
  EventMessage,
  RevokedTokens,
  ScopeEvent,
  ScopeEvents,
  VerifierDirectory,
} from '../../kernel/publication.ts';
import { oncePerObject } from '../../lib/once-per-object.ts';
import { type AdmissionDeps, admitClient } from '../../server/admission.ts';
import type { Follower, StreamMessage } from '../../server/event-stream.ts';
import { type EventStreams, lastEventId } from '../../server/event-streams.ts';
import { validated } from '../../server/read-body.ts';
import { CODES, problems } from '../../server/responses.ts';
import type { ApiRequest, Route } from '../../server/route.ts';
import { instance } from './verifiers.ts';

const version = z.int().meta({ description: 'Of the key set; it only grows.' });
const keys = z.array(z.strictObject({ kid: z.string(), state: z.enum(KEY_STATES) }));
const hash = (of: string) =>
  z
    .string()
    .nullable()
    .meta({ description: `SHA-256 of ${of}, base64url.` });

const revokedTokens = z
  .strictObject({
    sequence: z.int(),
    jti_sha256: hash('the `jti`'),
    root_sha256: hash('the value of the root claim'),
    issued_from: z.int().nullable().meta({ description: 'First `iat`.' }),
    issued_until: z.int().nullable().meta({ description: 'Last `iat`.' }),
    ask: z.boolean().meta({
      description: 'The rule looks at what no token shows: have tokens that fit the rest verified.',
    }),
    lapses_at: z.int().nullable(),
  })
  .meta({
    id: 'RevokedTokens',
    description: 'Tokens that every member given fits are revoked.',
    examples: [
      {
        sequence: 17,
        jti_sha256: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
        root_sha256: null,
        issued_from: null,
        issued_until: null,
        ask: false,
        lapses_at: 1_795_468_546,
      },
    ],
  });

const page = {
  revocations: z.array(revokedTokens),
  more: z.boolean().meta({ description: 'More follow in events `revocations`.' }),
  incomplete: z.boolean().meta({ description: 'There are too many to tell: have each token verified.' }),
};

/** The `data` of each event, by its name. */
const SCOPE_EVENTS = {
  snapshot: z
    .strictObject({ version, keys, root_claim: z.string().nullable(), ...page })
    .meta({ id: 'ScopeSnapshot' }),
  revocations: z.strictObject(page).meta({ id: 'ScopeRevocations' }),
  resumed: z.strictObject({ version }).meta({ id: 'ScopeResumed' }),
  key_set: z.strictObject({ version, keys }).meta({ id: 'ScopeKeySet' }),
  compromised: z.strictObject({ kid: z.string(), version }).meta({ id: 'ScopeKeyCompromised' }),
  suspended: z.strictObject({ kid: z.string(), version }).meta({ id: 'ScopeKeySuspended' }),
  revoked: z.strictObject({ revocation: revokedTokens }).meta({ id: 'ScopeTokensRevoked' }),
} as const satisfies Record<ScopeEvent['type'], z.ZodType>;

/** One for all streams. */
const streamMessage = oncePerObject(
  ({ id, event }: EventMessage): StreamMessage => ({ id, event: event.type, data: dataOf(event) }),
);

function dataOf(event: ScopeEvent): object {
  switch (event.type) {
    case 'snapshot': {
      const { type: _, rootClaim, revocations, ...rest } = event;
      return { ...rest, root_claim: rootClaim, revocations: revocations.map(representation) };
    }
    case 'revocations': {
      const { type: _, revocations, ...rest } = event;
      return { ...rest, revocations: revocations.map(representation) };
    }
    case 'revoked':
      return { revocation: representation(event.revocation) };
    default: {
      const { type: _, ...data } = event;
      return data;
    }
  }
}

function representation(of: RevokedTokens): z.infer<typeof revokedTokens> {
  return {
    sequence: of.sequence,
    jti_sha256: of.jtiHash,
    root_sha256: of.rootHash,
    issued_from: of.issuedFrom,
    issued_until: of.issuedUntil,
    ask: of.ask,
    lapses_at: of.lapsesAt,
  };
}

interface EventParts extends AdmissionDeps {
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
    // The stream may end before `begin` returns.
    const disconnected = deps.verifiers.connected({ scopeId, clientId, instance: named.instance });
    try {
      deps.eventStreams.begin(response, owner, follower(feed), disconnected);
    } catch (error) {
      disconnected();
      throw error;
    }
  },
};

/** Both may have gone since: the credential and the grant. */
function isAdmitted({ authenticator, grants }: AdmissionDeps, request: ApiRequest, scopeId: string): boolean {
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
