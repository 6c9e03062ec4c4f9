import type { Authenticator } from '../../domain/access.ts';
import type { KnownSecret, LeakDesk, PinQuestions, Sought } from '../../domain/leaks.ts';
import { MOST_PIN_CANDIDATES } from '../../domain/pin-candidates.ts';
import { actorOf, CHANGING } from '../actor.ts';
import { readJson } from '../json-body.ts';
import { CODES, json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { knownDigests, leakedDigests, pinAnswer, pinBatch, pinMarks } from '../schemas/leak.ts';
import { sendJson } from '../send.ts';

interface LeakParts {
  readonly authenticator: Authenticator;
  readonly leaks: LeakDesk;
  readonly pinQuestions: PinQuestions;
}

const DIGESTS = {
  schema: leakedDigests,
  maxBytes: 2 * 1024 * 1024,
  maxDepth: 4,
  tooDeep: 'malformed_json',
} as const;
const PINS = { schema: pinBatch, maxBytes: 1024 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;
const pins = '/v1/admin/leaks/pins';

/** For who scans: digests alone are asked for, so nothing that was found travels. */
const lookUpDigests: Route<LeakParts> = {
  method: 'post',
  path: '/v1/admin/leaks/digests',
  operation: {
    operationId: 'lookUpLeaks',
    summary: 'Which digests are of credentials and tokens given out here; role operator',
    description: 'Who asked, for how many and how many are known, is in the audit trail.',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: leakedDigests } } },
    responses: {
      ...json('200', 'Those that are on record; any other is left out', knownDigests),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'batch_too_large',
        'ledger_unavailable',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, leaks }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const { credentials, tokens, report } = await readJson(request, DIGESTS);
      const asked = [
        ...credentials.map((each) => ({ ...each, of: 'credential' as const, iat: 0 })),
        ...tokens.map((each) => ({ ...each, of: 'token' as const })),
      ];
      const sought = asked.map(({ of, digest, iat }): Sought => {
        const bytes = Buffer.from(digest, 'base64url');
        return of === 'token' ? { of, digest: bytes, iat } : { of, digest: bytes };
      });
      const by = {
        reportedBy: `operator:${actor.operatorId}`,
        remote: request.ip,
        requestId: actor.requestId,
        places: asked.map(({ place = '' }) => place),
      };
      const known = await leaks.lookUp(sought, by, actor);
      for (const [at, secret] of known.entries()) {
        if (!report || !secret) continue;
        const place = asked[at]?.place ?? 'not said';
        await leaks.tell(secret, { place, source: 'scan', reportedBy: actor.operatorId });
      }
      sendJson(response, 200, answerOf(known.filter((each) => each !== undefined)));
    },
};

const markPins: Route<LeakParts> = {
  method: 'get',
  path: pins,
  operation: {
    operationId: 'getPinMarks',
    summary: 'For which key to seal what could be a PIN; role operator',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'Every HSM token', pinMarks),
      ...problems(CODES.operator),
    },
  },
  handler:
    ({ authenticator, pinQuestions }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const marks = await pinQuestions.marks(actor);
      const hsm_tokens = marks.map(({ hsmToken, mark }) => ({
        hsm_token: hsmToken,
        public_key: mark?.publicKey ?? null,
        comparable: mark?.comparable ?? false,
      }));
      sendJson(response, 200, { hsm_tokens, batch: MOST_PIN_CANDIDATES });
    },
};

const comparePins: Route<LeakParts> = {
  method: 'post',
  path: pins,
  operation: {
    operationId: 'comparePins',
    summary: 'Whether one of these is the PIN of an HSM token; role operator',
    description:
      'The signer compares one batch at a time, at most 100,000 candidates a minute and 200,000 a day, each batch counted as 100 at least; of one operator, 120 batches a minute. Each batch is in the audit trail, and a hit raises `credential.leaked`.',
    security: [{ operator: [] }],
    requestBody: { required: true, content: { 'application/json': { schema: pinBatch } } },
    responses: {
      ...json('200', 'Which of them are', pinAnswer),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'unknown_hsm_token',
        'pin_not_comparable',
        'hsm_unavailable',
        'pin_latched',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, pinQuestions }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, CHANGING, request, response);
      const { hsm_token, sealed, places } = await readJson(request, PINS);
      const batch = { sealed: Buffer.from(sealed, 'base64url'), places };
      sendJson(response, 200, await pinQuestions.compare(hsm_token, batch, actor));
    },
};

export const adminLeakRoutes = [lookUpDigests, markPins, comparePins];

function answerOf(known: readonly KnownSecret[]) {
  return {
    credentials: known.flatMap((each) =>
      each.kind === 'token'
        ? []
        : [
            {
              digest: each.digest.toString('base64url'),
              live: each.live,
              holder: `${each.kind === 'client_credential' ? 'client' : 'operator'}:${each.holderId}`,
            },
          ],
    ),
    tokens: known.flatMap((each) =>
      each.kind === 'token'
        ? [
            {
              digest: each.digest.toString('base64url'),
              live: each.live,
              scope: each.scopeId,
              kid: each.kid,
              client: each.clientId,
              jti: each.jti,
              exp: each.exp,
            },
          ]
        : [],
    ),
  };
}
